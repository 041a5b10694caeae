import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { halfToNumber, numberToHalf } from "../../../src/core/model/half.ts";

const isNaNBits = (bits: number) => (bits & 0x7c00) === 0x7c00 && (bits & 0x3ff) !== 0;

describe("binary16", () => {
  it("goes to a number and back for every one of its 65,536 bit patterns", () => {
    for (let bits = 0; bits < 0x10000; bits += 1) {
      const back = numberToHalf(halfToNumber(bits));
      if (isNaNBits(bits) ? !isNaNBits(back) : back !== bits) expect([bits, back]).toBe("the same");
    }
  });

  it("agrees with the host's Float16Array on every bit pattern", () => {
    const bits = Uint16Array.from({ length: 0x10000 }, (_, index) => index);
    const values = new Float16Array(bits.buffer);
    for (let index = 0; index < bits.length; index += 1) {
      if (!Object.is(halfToNumber(index), values[index]))
        expect(halfToNumber(index)).toBe(values[index]);
    }
  });

  it("carries a number just under a power of two up to it", () => {
    // 1 - 2^-30 is 1 in binary32 already, which must not count as an exponent gained.
    expect([1 - 2 ** -30, 4 - 2 ** -28].map(numberToHalf)).toEqual([0x3c00, 0x4400]);
  });

  it("rounds any number as the host's Float16Array does", () => {
    const [cell, bits] = [new Float16Array(1), new Uint16Array(1)];
    fc.assert(
      fc.property(
        fc.oneof(fc.double(), fc.float(), fc.double({ min: -70_000, max: 70_000 })),
        (value) => {
          cell[0] = value;
          bits.set(new Uint16Array(cell.buffer));
          const got = numberToHalf(value);
          expect(isNaNBits(got) ? 0x7e00 : got).toBe(isNaNBits(bits[0] ?? 0) ? 0x7e00 : bits[0]);
        },
      ),
      { numRuns: 20_000 },
    );
  });
});
