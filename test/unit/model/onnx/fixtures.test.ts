import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fixtureNames, readFixture, readFixtureFile } from "../../../support/fixtures.ts";
import { factsOf, verdictOf } from "./odd-parts.ts";

const FOLDER = join(import.meta.dirname, "..", "..", "..", "fixtures", "invalid");

/** Files that pass are valid, or bad in a way that the engine tells. */
const VERDICTS: Readonly<Record<string, RegExp>> = {
  "alloc_bomb.onnx": /^ok$/,
  "custom_domain.onnx": /^unsupported_model: .*'Secret' of domain 'com\.example'/,
  "dims_lie.onnx": /^invalid_model: tensor 'w' says it is float \[1099511627776\]/,
  "empty.onnx": /^invalid_model: .*empty/,
  "external_data.onnx": /^unsupported_model: tensor 'w' keeps its data in another file/,
  "flipped.onnx": /^invalid_model: .*damaged/,
  "html.onnx": /^invalid_model: .*a web page or XML/,
  "iris_incompatible_v2.onnx": /^ok$/,
  "loop_burner.onnx": /^unsupported_model: a Loop has no constant trip count/,
  "sequence_output.onnx": /^unsupported_model: output 'y' is a sequence/,
  "truncated.onnx": /^invalid_model: .*cut off/,
  "unknown_op.onnx": /^ok$/,
  "zipmap_output.onnx": /^unsupported_model: output 'probabilities' .*'zipmap': False/,
};

const tensor = (name: string, datatype: string, shape: readonly (string | number)[]) =>
  expect.objectContaining({ name, kind: "tensor", datatype, shape });

const classifier = (features: number, classes: number, label = "INT64") => ({
  inputs: [tensor("features", "FP32", ["N", features])],
  outputs: [tensor("label", label, ["N"]), tensor("probabilities", "FP32", ["N", classes])],
});

const regressor = (...shape: (string | number)[]) => ({
  inputs: [tensor("features", "FP32", ["N", 10])],
  outputs: [tensor("prediction", "FP32", shape)],
});

const INTERFACES: Readonly<Record<string, object>> = {
  "breast-cancer-rf": classifier(30, 2),
  "breast-cancer-xgb": classifier(30, 2),
  "diabetes-gbr": regressor("N", 1),
  "diabetes-linear": regressor("N"),
  "digits-mlp": classifier(64, 10),
  football_baseline_model: classifier(13, 3, "BYTES"),
  "iris-logreg": classifier(4, 3),
  "wine-pipeline": classifier(13, 3, "BYTES"),
};

describe("inspecting the fixtures", () => {
  it("has a verdict for every bad file", () => {
    const files = readdirSync(FOLDER).filter((file) => file.endsWith(".onnx"));
    expect(files.sort()).toEqual(Object.keys(VERDICTS).sort());
  });

  it.each(Object.entries(VERDICTS))("judges %s as described", (file, verdict) => {
    expect(verdictOf(readFixtureFile("invalid", file))).toMatch(verdict);
  });

  it.each(fixtureNames())("takes %s version %s and reads its facts", (name, version) => {
    const facts = factsOf(readFixture(name, version).bytes);
    expect(facts).toMatchObject({
      ...INTERFACES[name],
      irVersion: 8,
      producer: { name: "fixtures-onnxconv", version: "1" },
      opsets: expect.arrayContaining([{ domain: "", version: 15 }]),
    });
    expect(facts.outputs.length).toBeGreaterThan(0);
  });

  it("counts the operators and weights of a network", () => {
    const { operators, nodeCount, tensorBytes } = factsOf(readFixture("digits-mlp", "1").bytes);
    expect(operators.slice(0, 2)).toEqual([
      { domain: "", operator: "MatMul", count: 2 },
      { domain: "", operator: "Add", count: 2 },
    ]);
    expect(nodeCount).toBe(8);
    // 64 → 13 → 10 with biases and one divisor: all float32.
    expect(tensorBytes).toBe(4 * (64 * 12 + 12 + 12 * 10 + 10 + 1));
  });

  it("takes a quirky file", () => {
    const facts = factsOf(readFixtureFile("quirks", "binary_two_class_ids.onnx"));
    expect(facts.operators).toEqual([
      { domain: "ai.onnx.ml", operator: "TreeEnsembleClassifier", count: 1 },
    ]);
  });
});
