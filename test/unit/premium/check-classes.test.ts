import { describe, expect, it } from "vitest";
import { makeTensor } from "../../../src/core/model/tensor.ts";
import { classBreach } from "../../../src/core/predict/premium/check-classes.ts";

const CLASSES = ["setosa", "versicolor", "virginica"];
const label = (...places: bigint[]) =>
  makeTensor("label", "INT64", [places.length], BigInt64Array.from(places));
const shares = (...row: number[]) =>
  makeTensor("probabilities", "FP32", [1, row.length], Float32Array.from(row));
const text = (...names: string[]) => makeTensor("label", "BYTES", [names.length, 1], names);

describe("an answer about classes", () => {
  it("has labels that are classes, or their places", () => {
    expect(classBreach([label(0n, 2n)], CLASSES, false)).toBeUndefined();
    expect(classBreach([text("virginica")], CLASSES, false)).toBeUndefined();
    expect(classBreach([label(7n)], ["3", "7"], false)).toBeUndefined();
  });

  it.each([
    ["a place past the last", label(3n)],
    ["a negative place", label(-1n)],
    ["a place past all numbers", label(2n ** 63n - 1n)],
    ["another name", text("rose")],
    ["a place where names are texts", text("1")],
  ])("is none with %s", (_what, tensor) => {
    expect(classBreach([tensor], CLASSES, false)).toMatch(
      /'label' has a label that is none of the 3/,
    );
  });

  it("has shares from 0 to 1 where shares were asked for, and scores where they were not", () => {
    expect(classBreach([shares(0.2, 0.3, 0.5)], CLASSES, true)).toBeUndefined();
    expect(classBreach([shares(5, -2, -2)], CLASSES, true)).toMatch(/share of a class/);
    expect(classBreach([shares(5, -2, -2)], CLASSES, false)).toBeUndefined();
  });

  it("may be anything where no classes are known", () => {
    expect(classBreach([label(77n), shares(5, -2, -2)], [], true)).toBeUndefined();
  });

  it("may have other outputs: several numbers a row, truths", () => {
    const many = makeTensor("ids", "INT64", [1, 2], BigInt64Array.of(77n, 78n));
    const truths = makeTensor("ok", "BOOL", [1], Uint8Array.of(1));
    expect(classBreach([many, truths, shares(9)], CLASSES, true)).toBeUndefined();
  });
});
