import { describe, expect, it } from "vitest";
import { makeTensor, type Tensor, type TensorSpec } from "../../../src/core/model/tensor.ts";
import { checkInputs } from "../../../src/core/predict/check-inputs.ts";
import { chooseOutputs } from "../../../src/core/predict/choose-outputs.ts";

const features: TensorSpec = { name: "features", datatype: "FP32", shape: [-1, 4] };
const threshold: TensorSpec = { name: "threshold", datatype: "INT64", shape: [] };
const row = makeTensor("features", "FP32", [1, 4], new Float32Array(4));
const scalar = makeTensor("threshold", "INT64", [], BigInt64Array.of(1n));

function detailOf(specs: readonly TensorSpec[], inputs: readonly Tensor[]): string {
  const checked = checkInputs(specs, inputs);
  if (checked.ok) throw new Error("it was taken");
  expect(checked.failure.reason).toBe("invalid_input");
  return checked.failure.detail;
}

describe("checking inputs", () => {
  it("takes any size on a dynamic dimension", () => {
    const many = makeTensor("features", "FP32", [7, 4], new Float32Array(28));
    expect(checkInputs([features], [many])).toEqual({ ok: true, value: [many] });
  });

  it("answers tensors in the model's order", () => {
    expect(checkInputs([features, threshold], [scalar, row])).toEqual({
      ok: true,
      value: [row, scalar],
    });
  });

  it("names the input that is missing and what there was", () => {
    expect(detailOf([features, threshold], [row])).toMatch(
      /'threshold' is missing.*got 'features'/,
    );
    expect(detailOf([features], [{ ...row, name: "Features" }])).toMatch(/'features' is missing/);
  });

  it("names the input that is none of the model's", () => {
    expect(detailOf([features], [row, scalar])).toMatch(/'threshold' is not one of the model's/);
  });

  it("names the input that is given twice", () => {
    const twice = /^input 'features' is given more than once$/;
    expect(detailOf([features], [row, row])).toMatch(twice);
    expect(detailOf([features, threshold], [row, scalar, row])).toMatch(twice);
  });

  it("names datatype, rank and dimension that do not fit", () => {
    const doubles = makeTensor("features", "FP64", [1, 4], new Float64Array(4));
    expect(detailOf([features], [doubles])).toBe(
      "input 'features': datatype is FP64, the model takes FP32",
    );
    expect(detailOf([features], [{ ...row, shape: [4] }])).toMatch(
      /\[4\] \(rank 1\).*\[-1, 4\] \(rank 2\)/,
    );
    expect(detailOf([features], [{ ...row, shape: [2, 2] }])).toMatch(/dimension 1 must be 4/);
  });
});

describe("choosing outputs", () => {
  const specs: readonly TensorSpec[] = [
    { name: "label", datatype: "INT64", shape: [-1] },
    { name: "probabilities", datatype: "FP32", shape: [-1, 3] },
  ];

  it("computes all when none is asked for", () => {
    const all = { ok: true, value: ["label", "probabilities"] };
    expect([chooseOutputs(specs, undefined), chooseOutputs(specs, [])]).toEqual([all, all]);
  });

  it("computes what is asked for, in that order", () => {
    expect(chooseOutputs(specs, ["probabilities"])).toEqual({ ok: true, value: ["probabilities"] });
  });

  it("names the output that is not there and those that are", () => {
    expect(chooseOutputs(specs, ["label", "scores"])).toMatchObject({
      failure: {
        reason: "invalid_input",
        detail: expect.stringMatching(/'scores'.*'label', 'probabilities'/),
      },
    });
  });
});
