import { describe, expect, it } from "vitest";
import { draftSchema } from "../../../src/core/model/manifest-draft.ts";
import { planRows } from "../../../src/core/predict/rows/row-plan.ts";
import { featuresOf, manifestOf, planOf, spec } from "../../support/row-plans.ts";

describe("a plan of rows", () => {
  it("lays the manifest's features side by side into an only input", () => {
    const plan = planOf([spec("x", [-1, 2])], featuresOf("b", "a"));
    expect(plan.names).toEqual(["b", "a"]);
    expect(plan.inputs).toMatchObject([{ name: "x", shape: [1, 2], size: 2, first: 0, count: 2 }]);
    expect(plan.isBatched).toBe(true);
  });

  it.each([
    ["an open width", [-1, -1], [1, 4]],
    ["an image", [-1, 1, 2, 2], [1, 1, 2, 2]],
    ["an open side", [-1, 2, -1], [1, 2, 2]],
  ])("fills %s by as many features as there are", (_what, shape, filled) => {
    expect(planOf([spec("x", shape)], featuresOf("a", "b", "c", "d")).inputs[0]?.shape).toEqual(
      filled,
    );
  });

  it("names the features f0, f1, … where the manifest names none", () => {
    expect(planOf([spec("x", [-1, 3])]).names).toEqual(["f0", "f1", "f2"]);
    expect(planOf([spec("x", [-1])]).names).toEqual(["f0"]);
  });

  it("gives each of several inputs the feature of its name", () => {
    const plan = planOf(
      [spec("age", [-1, 1]), spec("city", [-1], "BYTES"), spec("state", [-1, 2, 2])],
      featuresOf({ name: "city", categories: ["Wien", "Graz"] }),
    );
    expect(plan.features.map(({ name, size }) => [name, size])).toEqual([
      ["age", 1],
      ["city", 1],
      ["state", 4],
    ]);
    expect(plan.features[1]?.categories).toEqual(["Wien", "Graz"]);
  });

  it("takes one row a run where the model does", () => {
    expect(planOf([spec("x", [1, 2])]).isBatched).toBe(false);
    expect(planOf([spec("x", [-1, 2]), spec("y", [1])]).isBatched).toBe(false);
  });

  it.each([
    ["no inputs", [], [], /takes no input/],
    ["a scalar", [spec("sr", [])], [], /'sr' is a scalar/],
    ["a fixed number of rows", [spec("x", [8, 2])], [], /exactly 8 rows/],
    ["an open width without features", [spec("x", [-1, -1])], [], /open shape \[-1, -1\]/],
    ["two open sides", [spec("x", [-1, -1, -1])], featuresOf("a"), /open shape/],
    ["too few features", [spec("x", [-1, 3])], featuresOf("a", "b"), /2 features.*3 values/],
    [
      "features that do not fill it",
      [spec("x", [-1, 2, -1])],
      featuresOf("a", "b", "c"),
      /do not fill/,
    ],
    ["an open input among several", [spec("x", [-1, -1]), spec("y", [-1])], [], /'x' has the open/],
  ])("is refused for %s, saying what to do", (_what, inputs, features, why) => {
    const planned = planRows(manifestOf({ features }), inputs);
    expect(planned).toMatchObject({ ok: false, failure: { reason: "rows_unsupported" } });
    if (!planned.ok) expect(planned.failure.detail).toMatch(why);
    if (!planned.ok) expect(planned.failure.detail).toMatch(/\/v2\/models\/…\/infer$/);
  });
});

describe("what stands for a missing value", () => {
  const standIn = (missing: unknown, datatype: "FP32" | "INT64" | "BYTES" = "FP32") =>
    planOf([spec("x", [-1, 1], datatype)], featuresOf({ name: "a", missing, stats: { mean: 2.6 } }))
      .features[0]?.missing;

  it.each([
    [undefined, "FP32", undefined],
    ["error", "FP32", undefined],
    ["nan", "FP32", "NaN"],
    ["nan", "INT64", undefined],
    ["mean", "FP32", 2.6],
    ["mean", "INT64", 3],
    [-1, "FP32", -1],
    [0, "BYTES", undefined],
  ] as const)("for '%s' in %s is %s", (missing, datatype, expected) => {
    expect(standIn(missing, datatype)).toBe(expected);
  });

  it("is nothing where an older manifest has words of its own there", () => {
    const features = featuresOf({ name: "a", missing: "drop", categories: "low,high" });
    const [feature] = planOf([spec("x", [-1, 1])], features).features;
    expect(feature).toMatchObject({ missing: undefined, categories: undefined });
  });

  it("must be meant when it is published: a misspelt rule, a mean that nobody told", () => {
    const drafted = (changes: object) =>
      draftSchema.safeParse({ features: featuresOf({ name: "a", ...changes }) }).success;
    expect(drafted({ missing: "mean", stats: { mean: 1 } })).toBe(true);
    expect(drafted({ missing: "nan", categories: ["a"] })).toBe(true);
    expect(drafted({ missing: "mean" })).toBe(false);
    expect(drafted({ missing: "drop" })).toBe(false);
    expect(drafted({ categories: [] })).toBe(false);
  });
});
