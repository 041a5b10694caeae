import { describe, expect, it } from "vitest";
import type { Tensor } from "../../../src/core/model/tensor.ts";
import { classify } from "../../../src/http/oip/classification.ts";

const fp32 = (shape: number[], ...data: number[]): Tensor => ({
  name: "p",
  datatype: "FP32",
  shape,
  data: Float32Array.from(data),
});

const top = (tensor: Tensor, k: number, labels: readonly string[] = []) => {
  const result = classify(tensor, k, labels);
  return result.ok ? [result.value.shape, result.value.data] : result.failure.detail;
};

describe("classification", () => {
  it("gives the highest of each row as score:index:label, six decimals", () => {
    const probabilities = fp32([2, 3], 0.1, 0.7, 0.2, 0.5, 0.25, 0.25);
    expect(top(probabilities, 2, ["setosa", "versicolor", "virginica"])).toEqual([
      [2, 2],
      [
        "0.700000:1:versicolor",
        "0.200000:2:virginica",
        "0.500000:0:setosa",
        "0.250000:1:versicolor",
      ],
    ]);
  });

  it("leaves labels out when their number is not that of the scores", () => {
    expect(top(fp32([3], 1, 3, 2), 1, ["a"])).toEqual([[1], ["3.000000:1"]]);
  });

  it("gives no more than there are", () => {
    expect(top(fp32([1, 2], 1, 2), 10)).toEqual([
      [1, 2],
      ["2.000000:1", "1.000000:0"],
    ]);
    expect(top(fp32([0, 2]), 1)).toEqual([[0, 0], []]);
  });

  it("puts NaN last and writes integers as such", () => {
    expect(top(fp32([3], Number.NaN, -1, Number.POSITIVE_INFINITY), 3)).toEqual([
      [3],
      ["Infinity:2", "-1.000000:1", "NaN:0"],
    ]);
    const counts: Tensor = {
      name: "c",
      datatype: "INT64",
      shape: [2],
      data: BigInt64Array.of(5n, 9n),
    };
    expect(top(counts, 1)).toEqual([[1], ["9:1"]]);
    const halves: Tensor = {
      name: "h",
      datatype: "FP16",
      shape: [2],
      data: Uint16Array.of(0x3c00, 0x4000),
    };
    expect(top(halves, 1)).toEqual([[1], ["2.000000:1"]]);
  });

  it("is refused for what has no order", () => {
    expect(top({ name: "s", datatype: "BYTES", shape: [1], data: ["a"] }, 1)).toMatch(
      /needs numbers/,
    );
  });
});
