import { describe, expect, it } from "vitest";
import {
  type Interface,
  schemaDifferences,
} from "../../../src/core/lifecycle/versions/schema-differences.ts";

const spec = (name: string, shape = [-1, 4], datatype: "FP32" | "FP64" = "FP32") => ({
  name,
  datatype,
  shape,
});
const base: Interface = {
  inputs: [spec("x")],
  outputs: [spec("y")],
  features: [
    { name: "a", dtype: "float" },
    { name: "b", dtype: "float" },
  ],
  classes: ["no", "yes"],
};
const differences = (next: Partial<Interface>, now: Partial<Interface> = {}) =>
  schemaDifferences({ ...base, ...now }, { ...base, ...next }).map(
    ({ path, message }) => `${path} ${message}`,
  );

describe("what a caller would trip over", () => {
  it.each<[string, Partial<Interface>, readonly string[]]>([
    ["nothing", {}, []],
    [
      "a renamed input",
      { inputs: [spec("z")] },
      ["inputs.x is gone", "inputs.z is new: callers do not send it"],
    ],
    [
      "another datatype",
      { inputs: [spec("x", [-1, 4], "FP64")] },
      ["inputs.x.datatype FP32 became FP64"],
    ],
    ["fewer columns", { inputs: [spec("x", [-1, 3])] }, ["inputs.x.shape [-1, 4] became [-1, 3]"]],
    [
      "a closed dimension",
      { inputs: [spec("x", [1, 4])] },
      ["inputs.x.shape [-1, 4] became [1, 4]"],
    ],
    ["another rank", { outputs: [spec("y", [-1])] }, ["outputs.y.shape [-1, 4] became [-1]"]],
    ["a missing output", { outputs: [] }, ["outputs.y is gone"]],
    [
      "features in another order",
      {
        features: [
          { name: "b", dtype: "float" },
          { name: "a", dtype: "float" },
        ],
      },
      ["features[0] 'a' became 'b'"],
    ],
    ["fewer features", { features: [{ name: "a", dtype: "float" }] }, ["features 2 became 1"]],
    ["other classes", { classes: ["no", "maybe"] }, ["classes[1] 'yes' became 'maybe'"]],
  ])("names %s", (_what, next, wanted) => {
    expect(differences(next)).toEqual(wanted);
  });

  it("is not an opened dimension, a new output, or what one side does not say", () => {
    expect(differences({ inputs: [spec("x", [-1, -1])] })).toEqual([]);
    expect(differences({ outputs: [spec("y"), spec("more")] })).toEqual([]);
    expect(differences({ inputs: undefined, outputs: undefined })).toEqual([]);
    expect(
      differences({}, { inputs: undefined, outputs: undefined, features: [], classes: [] }),
    ).toEqual([]);
  });

  it("is features and classes that are not told any more: callers name them", () => {
    const told = { features: [{ name: "a", dtype: "float" }], classes: ["x", "y"] };
    expect(differences({ features: [], classes: [] }, told)).toEqual([
      "features 1 became none",
      "classes 2 became none",
    ]);
  });
});
