import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readJsonText } from "../../../src/http/body/read-json-text.ts";

const LIMIT = 1_000;

/** As the runtime hands it over: with its length. */
const read = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) => {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const length = { "content-length": String(bytes.byteLength) };
  const init = { method: "POST", body: bytes, headers: { ...length, ...headers } };
  return readJsonText(new Request("http://localhost/", init), LIMIT);
};

describe("a body read as text", () => {
  it("is the text that was sent, replacement characters and all", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "grapheme", maxLength: 100 }), async (text) => {
        const sent = text.replace(/^\uFEFF+/, "").slice(0, 200);
        if (sent !== sent.toWellFormed()) return;
        expect(await read(sent)).toEqual({ ok: true, value: sent });
      }),
    );
    expect(await read('["a\uFFFDb"]')).toEqual({ ok: true, value: '["a\uFFFDb"]' });
  });

  it("is refused where it is not UTF-8, with the place", async () => {
    const body = Uint8Array.of(0x22, 0xc3, 0xa9, 0xff, 0x22);
    expect(await read(body)).toMatchObject({
      ok: false,
      failure: {
        status: 400,
        // `bad_encoding` means that a packed body is damaged.
        reason: "invalid_json",
        detail: expect.stringContaining("not UTF-8 at byte 3"),
      },
    });
  });

  it("is refused when it is too large", async () => {
    expect(await read("x".repeat(LIMIT + 1))).toMatchObject({ failure: { status: 413 } });
  });

  it("comes as bytes when it is packed or its length is not said", async () => {
    const packed = new Blob(["[1]"]).stream().pipeThrough(new CompressionStream("gzip"));
    const bytes = new Uint8Array(await new Response(packed).arrayBuffer());
    const value = new TextEncoder().encode("[1]");
    expect(await read(bytes, { "content-encoding": "gzip" })).toEqual({ ok: true, value });
    const request = new Request("http://localhost/", { method: "POST", body: "[1]" });
    expect(await readJsonText(request, LIMIT)).toEqual({ ok: true, value });
  });
});
