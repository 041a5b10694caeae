import { deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { readBody } from "../../../src/http/body/read-body.ts";

const LIMIT = 10_000;
const text = new TextEncoder().encode("a body ".repeat(100));

function send(
  body: Uint8Array<ArrayBuffer> | ReadableStream,
  headers: Record<string, string> = {},
) {
  const init = { method: "POST", body, headers, duplex: "half" } as RequestInit;
  return readBody(new Request("http://localhost/", init), { maxBytes: LIMIT });
}

const copy = (bytes: Uint8Array) => new Uint8Array(bytes);

const streamOf = (...chunks: Uint8Array[]) =>
  new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });

describe("reading a body", () => {
  it.each([
    ["as it is", copy(text), {}],
    ["said to be identity", copy(text), { "content-encoding": "identity" }],
    ["of declared length", copy(text), { "content-length": String(text.byteLength) }],
    ["in gzip", copy(gzipSync(text)), { "content-encoding": "gzip" }],
    ["in GZIP", copy(gzipSync(text)), { "content-encoding": " GZIP " }],
    ["in x-gzip", copy(gzipSync(text)), { "content-encoding": "x-gzip" }],
    ["in deflate", copy(deflateSync(text)), { "content-encoding": "deflate" }],
    ["in bare deflate", copy(deflateRawSync(text)), { "content-encoding": "deflate" }],
    [
      "stored, not deflated",
      copy(deflateRawSync(text, { level: 0 })),
      { "content-encoding": "deflate" },
    ],
    ["of a length nobody can read", copy(text), { "content-length": "-1" }],
  ])("takes it %s", async (_how, body, headers) => {
    expect(await send(body, headers)).toEqual({ ok: true, value: copy(text) });
  });

  it("takes it in pieces, and none at all", async () => {
    expect(await send(streamOf(text.subarray(0, 5), text.subarray(5)))).toEqual({
      ok: true,
      value: copy(text),
    });
    const none = await readBody(new Request("http://localhost/", { method: "POST" }), {
      maxBytes: LIMIT,
    });
    expect(none).toEqual({ ok: true, value: new Uint8Array() });
    const encoded = new Request("http://localhost/", {
      method: "POST",
      headers: { "content-encoding": "gzip" },
    });
    expect(await readBody(encoded, { maxBytes: LIMIT })).toMatchObject({ ok: true });
  });

  it("takes an encoded one in single bytes, and past pieces that are empty", async () => {
    for (const [coding, packed] of [
      ["gzip", gzipSync(text)],
      ["deflate", deflateSync(text)],
      ["deflate", deflateRawSync(text)],
    ] as const) {
      const bytes = Array.from(packed, (byte) => Uint8Array.of(byte));
      const body = streamOf(new Uint8Array(), ...bytes, new Uint8Array());
      expect(await send(body, { "content-encoding": coding })).toEqual({
        ok: true,
        value: copy(text),
      });
    }
    const nothing = streamOf(new Uint8Array());
    expect(await send(nothing, { "content-encoding": "deflate" })).toEqual({
      ok: true,
      value: new Uint8Array(),
    });
  });

  it("takes one that is as large as allowed, unpacked or not", async () => {
    const largest = new Uint8Array(LIMIT);
    expect(await send(largest)).toEqual({ ok: true, value: largest });
    expect(await send(copy(gzipSync(largest)), { "content-encoding": "gzip" })).toEqual({
      ok: true,
      value: largest,
    });
  });

  it.each([
    ["by its declared length", copy(text), { "content-length": String(LIMIT + 1) }],
    [
      "once decompressed",
      copy(gzipSync(new Uint8Array(LIMIT + 1))),
      { "content-encoding": "gzip" },
    ],
    [
      "once inflated from bare deflate",
      copy(deflateRawSync(new Uint8Array(LIMIT + 1))),
      { "content-encoding": "deflate" },
    ],
    ["by one byte", new Uint8Array(LIMIT + 1), {}],
    ["although it says otherwise", new Uint8Array(LIMIT + 1), { "content-length": "5" }],
  ])("refuses one that is too large %s", async (_how, body, headers) => {
    expect(await send(body, headers)).toMatchObject({
      failure: { reason: "body_too_large", status: 413, detail: expect.stringContaining("10000") },
    });
  });

  it("stops reading an endless body at the limit", async () => {
    let pulled = 0;
    const endless = new ReadableStream({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(1_000));
      },
    });
    expect(await send(endless)).toMatchObject({ failure: { reason: "body_too_large" } });
    expect(pulled).toBeLessThan(20);
  });

  it("drops a decompression bomb without holding it", async () => {
    const bomb = copy(gzipSync(new Uint8Array(50_000_000)));
    expect(await send(bomb.subarray(0), { "content-encoding": "gzip" })).toMatchObject({
      failure: { status: 413 },
    });
  });

  it("counts what is sent as well: blocks without content come to nothing unpacked", async () => {
    // Bare deflate: a stored block of no bytes, not the last one.
    const block = Uint8Array.of(0x00, 0x00, 0x00, 0xff, 0xff);
    let pulled = 0;
    const endless = new ReadableStream({
      pull(controller) {
        pulled += 1;
        controller.enqueue(copy(block));
      },
    });
    expect(await send(endless, { "content-encoding": "deflate" })).toMatchObject({
      failure: { reason: "body_too_large", detail: expect.stringContaining("as it was sent") },
    });
    expect(pulled).toBeLessThan(LIMIT / block.byteLength + 20);
  });

  it("says of a bomb that it is too large after decompression, and lets go of its sender", async () => {
    const bomb = gzipSync(new Uint8Array(5_000_000));
    const { promise: cancelled, resolve } = Promise.withResolvers<string>();
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(copy(bomb)),
      cancel: () => resolve("cancelled"),
    });
    expect(await send(body, { "content-encoding": "gzip" })).toMatchObject({
      failure: { status: 413, detail: expect.stringContaining("after decompression") },
    });
    expect(await cancelled).toBe("cancelled");
  });

  it("refuses one whose Content-Length is not its length", async () => {
    expect(await send(copy(text), { "content-length": "5" })).toMatchObject({
      failure: { reason: "bad_encoding", status: 400, detail: expect.stringContaining("says 5") },
    });
  });

  it.each([
    ["gzip", gzipSync(text)],
    ["deflate", deflateSync(text)],
    ["deflate", deflateRawSync(text)],
  ])("refuses %s wherever it is cut, and when something follows", async (coding, packed) => {
    const headers = { "content-encoding": coding };
    for (let length = 1; length < packed.byteLength; length += 1) {
      expect(await send(copy(packed.subarray(0, length)), headers)).toMatchObject({
        failure: { reason: "bad_encoding", status: 400, detail: expect.stringContaining(coding) },
      });
    }
    const followed = Buffer.concat([packed, Uint8Array.of(1, 2, 3)]);
    expect(await send(copy(followed), headers)).toMatchObject({ failure: { status: 400 } });
  });

  it("refuses gzip whose checksum is wrong", async () => {
    const packed = copy(gzipSync(text));
    const at = packed.byteLength - 6;
    packed[at] = (packed[at] ?? 0) ^ 1;
    expect(await send(packed, { "content-encoding": "gzip" })).toMatchObject({
      failure: { reason: "bad_encoding", status: 400 },
    });
  });

  it.each([
    ["no gzip at all", copy(text)],
    ["gzip that is cut short", copy(gzipSync(text)).slice(0, -9)],
    ["raw deflate", copy(deflateRawSync(text))],
  ])("refuses %s with 400", async (_what, body) => {
    expect(await send(body, { "content-encoding": "gzip" })).toMatchObject({
      failure: { reason: "bad_encoding", status: 400 },
    });
  });

  it.each(["br", "gzip, gzip", "constructor", "zstd", `x${"-".repeat(10_000)}`])(
    "says what it takes when asked to decode %.20s",
    async (encoding) => {
      const result = await send(copy(text), { "content-encoding": encoding });
      expect(result).toMatchObject({
        failure: {
          reason: "unsupported_encoding",
          status: 415,
          detail: expect.stringContaining(`'${encoding.slice(0, 40)}'`),
          headers: { "accept-encoding": "gzip, deflate" },
        },
      });
      expect(JSON.stringify(result).length).toBeLessThan(300);
    },
  );

  it.each(["identity", "gzip", "deflate"])(
    "refuses a body in %s that breaks off",
    async (coding) => {
      const packed = { identity: text, gzip: gzipSync(text), deflate: deflateSync(text) }[coding];
      for (const begins of [true, false]) {
        let sent = !begins;
        const broken = new ReadableStream({
          pull(controller) {
            if (sent) controller.error(new Error("reset"));
            else controller.enqueue(copy((packed ?? text).slice(0, 20)));
            sent = true;
          },
        });
        expect(await send(broken, { "content-encoding": coding })).toMatchObject({
          failure: { reason: "bad_encoding", status: 400 },
        });
      }
    },
  );
});
