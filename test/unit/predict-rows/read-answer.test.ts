import { describe, expect, it } from "vitest";
import { makeTensor, type Tensor } from "../../../src/core/model/tensor.ts";
import { planAnswer, readAnswer } from "../../../src/core/predict/rows/read-answer.ts";
import { manifestOf } from "../../support/row-plans.ts";

const floats = (name: string, ...values: readonly number[]) =>
  makeTensor(name, "FP32", [1, values.length], Float32Array.from(values));
const whole = (name: string, value: bigint) =>
  makeTensor(name, "INT64", [1], BigInt64Array.of(value));
const text = (name: string, value: string) => makeTensor(name, "BYTES", [1], [value]);

/** Specs as a session tells them of outputs like these. */
const specsOf = (outputs: readonly Tensor[]) =>
  outputs.map(({ name, datatype, shape }) => ({ name, datatype, shape: [-1, ...shape.slice(1)] }));

const read = (manifest: Readonly<Record<string, unknown>>, ...outputs: readonly Tensor[]) =>
  readAnswer(planAnswer(manifestOf(manifest), specsOf(outputs)), outputs);

const COLOURS = { task: "classification", classes: ["red", "green"] };

describe("a classifier's answer", () => {
  it("is its label and a probability for each class", () => {
    expect(read(COLOURS, whole("label", 1n), floats("probabilities", 0.25, 0.75))).toEqual({
      label: "green",
      probabilities: { classes: ["red", "green"], values: [0.25, 0.75] },
    });
  });

  it.each([
    ["text", text("label", "blue"), "blue"],
    ["a place", whole("label", 0n), "red"],
    ["a place that no class has", whole("label", 7n), "7"],
  ])("has a label of %s", (_what, label, expected) => {
    expect(read(COLOURS, label).label).toBe(expected);
  });

  it("takes an integer for a class's own number where the classes are numbers", () => {
    const numbered = { task: "classification", classes: ["1", "2", "3"] };
    expect(read(numbered, whole("label", 3n)).label).toBe("3");
  });

  it("is the likeliest class where the model gives no label, the first of equals", () => {
    expect(read(COLOURS, floats("p", 0.25, 0.75)).label).toBe("green");
    expect(read(COLOURS, floats("p", 0.5, 0.5)).label).toBe("red");
  });

  it("reads a single probability as the second class's", () => {
    expect(read(COLOURS, floats("p", 0.25))).toEqual({
      label: "red",
      probabilities: { classes: ["red", "green"], values: [0.75, 0.25] },
    });
  });

  it("never calls scores probabilities", () => {
    const scores = floats("scores", -2, 3);
    expect(read(COLOURS, whole("label", 1n), scores)).toEqual({
      label: "green",
      outputs: [scores],
    });
    const shares = floats("scores", 0.75, 0.75);
    expect(read(COLOURS, whole("label", 1n), shares).probabilities).toBeUndefined();
    expect(read(COLOURS, floats("p", Number.NaN, 1)).probabilities).toBeUndefined();
  });

  it("tells outputs of one kind apart by their names", () => {
    const extra = floats("logits", 0.5, 0.5);
    const answer = read(
      COLOURS,
      extra,
      floats("probabilities", 0, 1),
      whole("id", 9n),
      whole("label", 0n),
    );
    expect(answer.label).toBe("red");
    expect(answer.probabilities?.values).toEqual([0, 1]);
    expect(answer.outputs?.map(({ name }) => name)).toEqual(["logits", "id"]);
  });

  it("numbers the classes that the manifest does not name", () => {
    const unnamed = { task: "classification" };
    expect(read(unnamed, whole("label", 1n), floats("p", 0, 1))).toEqual({
      label: "1",
      probabilities: { classes: ["0", "1"], values: [0, 1] },
    });
  });

  it("is known by its classes where the task is not told", () => {
    expect(read({ classes: ["red", "green"] }, whole("label", 1n)).label).toBe("green");
  });
});

describe("another model's answer", () => {
  it("of a regressor is one number", () => {
    expect(read({ task: "regression" }, floats("prediction", 1.5))).toEqual({ value: 1.5 });
    expect(read({ task: "regression" }, whole("count", 2n ** 60n))).toEqual({ value: 2n ** 60n });
  });

  it("of several targets is its outputs", () => {
    const targets = floats("prediction", 1, 2);
    expect(read({ task: "regression" }, targets)).toEqual({ outputs: [targets] });
  });

  it("of no known task is its outputs", () => {
    const outputs = [floats("label", 1), text("word", "a")];
    expect(read({}, ...outputs)).toEqual({ outputs });
  });
});
