import { isUtf8 } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeUtf8, utf8Pieces } from "../../src/cli/utf8.ts";

/** Whole and broken characters, of one to four bytes. */
const bits = fc.constantFrom(
  "61",
  "c3bc",
  "e282ac",
  "f09f9880",
  "fc",
  "c3",
  "e282",
  "f09f98",
  "80",
);
const bytesOf = (parts: readonly string[]) => Buffer.from(parts.join(""), "hex");

async function throughPieces(bytes: Buffer, cuts: readonly number[]): Promise<string> {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b)];
  const pieces = at.map((start, index) => bytes.subarray(start, at[index + 1]));
  const read: Uint8Array[] = [];
  async function* given() {
    yield* pieces;
  }
  try {
    for await (const piece of utf8Pieces(given(), "x.csv")) {
      expect(isUtf8(piece)).toBe(true);
      read.push(piece);
    }
  } catch (error) {
    return String((error as Error).message);
  }
  return Buffer.concat(read).toString("hex");
}

describe("bytes of a file", () => {
  it("are passed on as they are where they are UTF-8, however they are cut", async () => {
    const characters = fc.array(fc.constantFrom("a", "ü", "€", "😀"), { maxLength: 30 });
    const text = characters.map((given) => Buffer.from(given.join("")));
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.nat(), { maxLength: 5 }), async (bytes, cuts) => {
        expect(await throughPieces(bytes, cuts)).toBe(bytes.toString("hex"));
      }),
    );
  });

  it("are refused at the first byte that is not, however they are cut", async () => {
    const parts = fc.array(bits, { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(parts, fc.array(fc.nat(), { maxLength: 5 }), async (given, cuts) => {
        const bytes = bytesOf(given);
        fc.pre(!isUtf8(bytes));
        // The longest beginning that is whole: what follows it begins no character.
        let byte = 0;
        for (let at = 0; at < bytes.length; at += 1) {
          const beginsWhole = isUtf8(bytes.subarray(0, at));
          const goesOn = [1, 2, 3, 4].some(
            (size) => isUtf8(bytes.subarray(at, at + size)) && at + size <= bytes.length,
          );
          byte = at;
          if (beginsWhole && !goesOn) break;
        }
        const told = `x.csv is not UTF-8 at byte ${byte}`;
        expect(await throughPieces(bytes, cuts)).toBe(told);
        expect(() => decodeUtf8(bytes, "x.csv")).toThrow(told);
      }),
    );
  });
});
