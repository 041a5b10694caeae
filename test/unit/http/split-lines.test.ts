import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UnreadableRow } from "../../../src/core/predict/rows/row-error.ts";
import { type Line, LineSplitter } from "../../../src/http/predict/split-lines.ts";

const encode = (text: string) => new TextEncoder().encode(text);

/** Bytes cut at the given places. */
function pieces(bytes: Uint8Array, cuts: readonly number[]): readonly Uint8Array[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length];
  places.sort((a, b) => a - b);
  return places.slice(1).map((end, index) => bytes.slice(places[index], end));
}

const split = (chunks: readonly Uint8Array[], maxBytes?: number): readonly Line[] => {
  const splitter = new LineSplitter(maxBytes);
  return [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.end()];
};

describe("lines of a stream", () => {
  it("are the same wherever the chunks end, inside a character too", () => {
    const line = fc.string({ unit: "grapheme" }).filter((text) => !/[\n\uFEFF]/.test(text));
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat()), (lines, cuts) => {
        const bytes = encode(lines.map((one) => `${one}\n`).join(""));
        const wellFormed = lines.map((one) => one.toWellFormed());
        expect(split(pieces(bytes, cuts))).toEqual(wellFormed.filter((one) => one.trim() !== ""));
      }),
    );
  });

  it("need no end after the last one, and lose a byte order mark", () => {
    expect(split([encode('\uFEFF{"a":1}\r\n\r\n\n{"a":2}')])).toEqual(['{"a":1}\r', '{"a":2}']);
  });

  it("fail alone when too long, however they come", () => {
    const bytes = encode(`ok\n${"x".repeat(50)}\nfine\n${"y".repeat(11)}`);
    for (const cuts of [[], [5], [5, 20, 30], [53], [54]]) {
      const lines = split(pieces(bytes, cuts), 10);
      expect(lines.map((line) => (line instanceof UnreadableRow ? line.code : line))).toEqual([
        "ok",
        "line_too_long",
        "fine",
        "line_too_long",
      ]);
    }
  });

  it("fail alone when they are not UTF-8", () => {
    const bytes = Uint8Array.of(0x61, 0x0a, 0xff, 0xfe, 0x0a, 0x62);
    const lines = split([bytes]);
    expect([lines[0], lines[2]]).toEqual(["a", "b"]);
    expect(lines[1]).toMatchObject({
      code: "invalid_json",
      what: expect.stringContaining("UTF-8"),
    });
  });

  it("keep no buffer that the runtime may write over", () => {
    const splitter = new LineSplitter();
    const chunk = encode("ab");
    splitter.push(chunk);
    chunk.fill(0x78);
    expect(splitter.push(encode("c\n"))).toEqual(["abc"]);
  });
});
