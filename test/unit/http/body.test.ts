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
    ["in deflate", copy(deflateSync(text)), { "content-encoding": "deflate" }],
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

  it.each([
    ["by its declared length", copy(text), { "content-length": String(LIMIT + 1) }],
    [
      "once decompressed",
      copy(gzipSync(new Uint8Array(LIMIT + 1))),
      { "content-encoding": "gzip" },
    ],
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

  it.each([
    ["no gzip at all", copy(text)],
    ["gzip that is cut short", copy(gzipSync(text)).slice(0, -9)],
    ["raw deflate", copy(deflateRawSync(text))],
  ])("refuses %s with 400", async (_what, body) => {
    expect(await send(body, { "content-encoding": "gzip" })).toMatchObject({
      failure: { reason: "bad_encoding", status: 400 },
    });
  });

  it("names an encoding that it has not", async () => {
    expect(await send(copy(text), { "content-encoding": "br" })).toMatchObject({
      failure: {
        reason: "unsupported_encoding",
        status: 415,
        detail: expect.stringContaining("'br'"),
      },
    });
  });

  it("refuses a body that breaks off", async () => {
    const broken = new ReadableStream({
      start(controller) {
        controller.enqueue(text);
        controller.error(new Error("reset"));
      },
    });
    expect(await send(broken)).toMatchObject({ failure: { reason: "bad_encoding", status: 400 } });
  });
});
