import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DATATYPES, elementSizeBytes, isDatatype } from "../../../src/core/model/datatype.ts";
import { elementCount, makeTensor } from "../../../src/core/model/tensor.ts";

describe("element count", () => {
  it.each([
    [[], 1],
    [[3], 3],
    [[2, 3, 4], 24],
    [[5, 0, 7], 0],
  ])("of %j is %d", (shape, count) => {
    expect(elementCount(shape)).toBe(count);
  });

  it.each([
    [[-1]],
    [[1.5]],
    [[Number.NaN]],
    [[2 ** 53]],
    [[2 ** 30, 2 ** 30]],
    [[Number.POSITIVE_INFINITY, 0]],
  ])("of %j is refused rather than wrapped", (shape) => {
    expect(elementCount(shape)).toBeUndefined();
  });

  it("is the exact product whenever it is given", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2 ** 20), { maxLength: 5 }), (shape) => {
        const exact = shape.reduce((product, dimension) => product * BigInt(dimension), 1n);
        const count = elementCount(shape);
        if (count !== undefined) expect(BigInt(count)).toBe(exact);
        else expect(exact > BigInt(Number.MAX_SAFE_INTEGER) || shape.includes(0)).toBe(true);
      }),
    );
  });
});

describe("datatypes", () => {
  it("have the protocol's sizes", () => {
    expect(DATATYPES.map(elementSizeBytes)).toEqual([
      1,
      1,
      2,
      4,
      8,
      1,
      2,
      4,
      8,
      2,
      4,
      8,
      undefined,
    ]);
  });

  it("are recognised as written, in upper case, and nothing else is", () => {
    expect(DATATYPES.every(isDatatype)).toBe(true);
    expect(["fp32", "BF16", "", "constructor", "FP32 "].some(isDatatype)).toBe(false);
  });

  it("go into a tensor as they are", () => {
    const data = Float32Array.of(1, 2);
    expect(makeTensor("x", "FP32", [2], data)).toEqual({
      name: "x",
      datatype: "FP32",
      shape: [2],
      data,
    });
  });
});
