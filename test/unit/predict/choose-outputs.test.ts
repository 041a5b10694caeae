import { describe, expect, it } from "vitest";
import type { TensorSpec } from "../../../src/core/model/tensor.ts";
import { chooseOutputs } from "../../../src/core/predict/choose-outputs.ts";

const SPECS: readonly TensorSpec[] = [
  { name: "label", datatype: "INT64", shape: [-1] },
  { name: "probabilities", datatype: "FP32", shape: [-1, 3] },
];

describe("choosing outputs", () => {
  it.each([[undefined], [[]]])("takes all of the model's, in its order, for %j", (wanted) => {
    expect(chooseOutputs(SPECS, wanted)).toEqual({ ok: true, value: ["label", "probabilities"] });
  });

  it("takes those asked for, in that order", () => {
    const wanted = ["probabilities", "label"];
    expect(chooseOutputs(SPECS, wanted)).toEqual({ ok: true, value: wanted });
  });

  it("names the ones there are when one is not", () => {
    expect(chooseOutputs(SPECS, ["label", "score"])).toEqual({
      ok: false,
      failure: {
        reason: "invalid_input",
        detail: "output 'score' is not one of the model's: it gives 'label', 'probabilities'",
      },
    });
  });
});
