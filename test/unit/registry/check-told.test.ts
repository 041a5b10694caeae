import { describe, expect, it } from "vitest";
import { checkTold } from "../../../src/core/lifecycle/publish/check-told.ts";
import type { Datatype } from "../../../src/core/model/datatype.ts";
import { manifestSchema } from "../../../src/core/model/manifest.ts";
import { type Draft, draftSchema } from "../../../src/core/model/manifest-draft.ts";
import { tellIssue } from "../../../src/core/model/tell-issue.ts";
import type { TensorSpec } from "../../../src/core/model/tensor.ts";
import { failureOf } from "../../support/must.ts";
import { createTestRegistry, tryPublishing } from "../../support/registry-core.ts";

const spec = (name: string, datatype: Datatype, ...shape: readonly number[]): TensorSpec => ({
  name,
  datatype,
  shape,
});

const LABEL = spec("label", "INT64", -1);
const columns = (count: number) =>
  Array.from({ length: count }, (_, place) => ({ name: `c${place}`, dtype: "float32" }));

const pathsOf = (
  draft: Draft,
  inputs: readonly TensorSpec[] = [spec("x", "FP32", -1, 3)],
  outputs: readonly TensorSpec[] = [LABEL, spec("probabilities", "FP32", -1, 3)],
) => {
  const told = checkTold(draft, inputs, outputs);
  return told.ok ? [] : (told.failure.errors ?? []).map(({ path }) => path);
};

describe("what a publisher says of a file", () => {
  it("is refused where features are not as many as the input's columns", () => {
    expect(pathsOf({ features: columns(2) })).toEqual(["features"]);
    expect(pathsOf({ features: columns(3) })).toEqual([]);
    expect(pathsOf({ features: columns(5) }, [spec("x", "FP32", -1, -1)])).toEqual([]);
    expect(pathsOf({ features: columns(5) }, [spec("x", "FP32", -1, -1, 2)])).toEqual(["features"]);
    // Of several inputs each takes the feature of its name.
    const two = [spec("a", "FP32", -1, 3), spec("b", "FP32", -1, 3)];
    expect(pathsOf({ features: columns(2) }, two)).toEqual([]);
  });

  it("is refused where classes are not as many as the probabilities", () => {
    expect(pathsOf({ classes: ["a", "b"] })).toEqual(["classes"]);
    expect(pathsOf({ classes: ["a", "b", "c"] })).toEqual([]);
    const scores = (width: number) => [LABEL, spec("probabilities", "FP32", -1, width)];
    expect(pathsOf({ classes: ["a", "b"] }, undefined, scores(1))).toEqual([]);
    expect(pathsOf({ classes: ["a", "b", "c"] }, undefined, scores(-1))).toEqual([]);
  });

  it("is left alone where outputs are none of its classes'", () => {
    const classes = ["a", "b"];
    expect(pathsOf({ classes }, undefined, [LABEL])).toEqual([]);
    expect(pathsOf({ classes }, undefined, [LABEL, spec("vector", "FP32", -1, 64)])).toEqual([]);
    expect(pathsOf({ classes }, undefined, [spec("boxes", "FP32", 1, 8400, 84)])).toEqual([]);
    const only = [spec("y", "FP32", -1, 64)];
    expect(pathsOf({ classes, task: "embedding" }, undefined, only)).toEqual([]);
    expect(pathsOf({ classes, task: "classification" }, undefined, only)).toEqual(["classes"]);
  });

  it.each<[missing: unknown, datatype: Datatype, isTaken: boolean]>([
    ["nan", "FP32", true],
    ["nan", "INT64", false],
    [1e38, "FP32", true],
    [1e39, "FP32", false],
    [1e39, "FP64", true],
    [1e5, "FP16", false],
    [0.5, "INT64", false],
    [-3, "INT64", true],
    [-3, "UINT8", false],
    [200, "INT8", false],
    [2 ** 53, "INT64", false],
    [0, "BYTES", false],
    [0, "BOOL", false],
    ["error", "BYTES", true],
  ])("is looked at as a stand-in: %s in %s", (missing, datatype, isTaken) => {
    const features = [{ name: "a", dtype: "float32", missing: missing as number }];
    const inputs = [spec("x", datatype, -1, 1)];
    expect(pathsOf({ features }, inputs)).toEqual(isTaken ? [] : ["features.0.missing"]);
  });

  it("rounds a mean of whole numbers, and refuses one that the input cannot hold", () => {
    const of = (mean: number, datatype: Datatype) =>
      pathsOf({ features: [{ name: "a", dtype: "int64", missing: "mean", stats: { mean } }] }, [
        spec("x", datatype, -1, 1),
      ]);
    expect(of(41.2, "INT64")).toEqual([]);
    expect(of(1e39, "FP32")).toEqual(["features.0.stats.mean"]);
  });

  it("is refused before a version exists, whatever its stored kin are", async () => {
    const registry = createTestRegistry();
    const features = [{ name: "a", dtype: "float32" }];
    const failure = failureOf(
      await tryPublishing(registry.deps, "m", "a", { draft: { features } }),
    );
    expect(failure).toMatchObject({
      reason: "invalid_request",
      detail: expect.stringMatching(/^manifest\.features: 1 are named, .* takes 2 a row/),
    });
  });
});

describe("a feature", () => {
  const wrongOf = (feature: object) => {
    const features = [{ name: "a", dtype: "float32", ...feature }];
    const read = draftSchema.safeParse({ features }, { error: tellIssue });
    return read.success
      ? []
      : read.error.issues.map(({ path, message }) => [path.join("."), message]);
  };

  it.each<[feature: object, path: string, message: RegExp]>([
    [{ dtype: "banana" }, "features.0.dtype", /"banana" is no type of values: it is one such as/],
    [{ dtype: "flaot32" }, "features.0.dtype", /did you mean 'float32'\?/],
    [{ categories: ["x", "y", "x"] }, "features.0.categories", /names "x" twice/],
    [{ mising: 0 }, "features.0", /'mising' is not known here; did you mean 'missing'\?/],
    [{ dtype: undefined }, "features.0.dtype", /is missing: expected a string/],
  ])("is refused with %j, by its path", (feature, path, message) => {
    expect(wrongOf(feature)).toEqual([[path, expect.stringMatching(message)]]);
  });

  it("may be of any type that data frames, ONNX or the protocol name", () => {
    for (const dtype of ["float32", "Int64", "FP32", "BYTES", "category", "str"]) {
      expect(wrongOf({ dtype })).toEqual([]);
    }
  });

  it("of a version that is stored already is read with all of that", () => {
    const stored = {
      ...{ schema: 1, name: "m", version: "1", digest: "d".repeat(64), size_bytes: 1 },
      created_at: "2026-11-28T10:00:00.000Z",
      features: [{ name: "a", dtype: "banana", categories: ["x", "x"], missing: "nan", mising: 0 }],
    };
    expect(manifestSchema.safeParse(stored).success).toBe(true);
  });
});
