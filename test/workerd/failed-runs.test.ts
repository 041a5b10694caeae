import { describe, expect, it } from "vitest";
import { type Bytes, makeTensor, type Tensor } from "../../src/core/model/tensor.ts";
import {
  ELEMENT,
  encodeModel,
  identityModel,
  intAttribute,
  node,
  tensor,
  type ValueParts,
  weights,
} from "../support/onnx-encoder.ts";
import { floats, runAll, runFailure, withSession } from "./open-session.ts";

/** Words of the engine that tell where it was built, or that it is C++. */
const BUILD_PATH = /\/|\.cc|\.h\b|onnxruntime|std::/;

const open = (name: string, type: number, rank = 1): ValueParts => ({
  name,
  type,
  shape: Array.from({ length: rank }, () => null),
});

const graphOf = (operator: string, inputs: readonly ValueParts[], output: ValueParts): Bytes =>
  encodeModel({
    nodes: [
      node(
        operator,
        inputs.map(({ name }) => name),
        ["y"],
      ),
    ],
    inputs,
    outputs: [output],
  });

const longs = (name: string, ...data: bigint[]): Tensor =>
  makeTensor(name, "INT64", [data.length], BigInt64Array.from(data));

interface Story {
  readonly model: Bytes;
  readonly bad: readonly Tensor[];
  readonly detail: RegExp;
  readonly good: readonly Tensor[];
}

const y = open("y", ELEMENT.FP32);

const STORIES: Readonly<Record<string, Story>> = {
  "a row too wide for the weights": {
    model: encodeModel({
      nodes: [node("MatMul", ["x", "w"], ["y"])],
      inputs: [open("x", ELEMENT.FP32, 2)],
      outputs: [open("y", ELEMENT.FP32, 2)],
      initializers: [tensor("w", ELEMENT.FP32, [3, 2], weights(6))],
    }),
    bad: [floats("x", [1, 4], 1, 2, 3, 4)],
    detail: /MatMul/,
    good: [floats("x", [1, 3], 1, 2, 3)],
  },
  "a dimension other than the graph's own": {
    model: identityModel(ELEMENT.FP32, [null, 3]),
    bad: [floats("x", [1, 2], 1, 2)],
    detail: /^input 'x': dimension 1 is 2, the model takes 3$/,
    good: [floats("x", [1, 3], 1, 2, 3)],
  },
  "a rank other than the graph's own": {
    model: identityModel(ELEMENT.FP32, [null, 3]),
    bad: [floats("x", [3], 1, 2, 3)],
    detail: /^input 'x': rank is 1, the model takes 2$/,
    good: [floats("x", [1, 3], 1, 2, 3)],
  },
  "more dimensions than any input": {
    model: identityModel(ELEMENT.FP32, [null]),
    bad: [floats("x", [1, 1, 1, 1], 1)],
    detail: /^input 'x' has 4 dimensions, more than any input$/,
    good: [floats("x", [1], 1)],
  },
  "another datatype": {
    model: identityModel(ELEMENT.FP32, [null]),
    bad: [longs("x", 1n)],
    detail: /^an input is of type int64, the model takes float$/,
    good: [floats("x", [1], 1)],
  },
  "shapes that do not go together": {
    model: graphOf("Add", [open("x", ELEMENT.FP32), open("b", ELEMENT.FP32)], y),
    bad: [floats("x", [2], 1, 2), floats("b", [3], 1, 2, 3)],
    detail: /dimensions 2 and 3 of two tensors do not go together/,
    good: [floats("x", [2], 1, 2), floats("b", [2], 1, 2)],
  },
  "an index past the end": {
    model: graphOf("Gather", [open("x", ELEMENT.FP32), open("i", ELEMENT.INT64)], y),
    bad: [floats("x", [2], 1, 2), longs("i", 7n)],
    detail: /an index is 7, the graph takes -2 to 1 there/,
    good: [floats("x", [2], 1, 2), longs("i", 1n)],
  },
  "a shape of another size": {
    model: graphOf("Reshape", [open("x", ELEMENT.FP32), open("s", ELEMENT.INT64)], y),
    bad: [floats("x", [3], 1, 2, 3), longs("s", 2n)],
    detail: /a tensor of shape \[3\] cannot be reshaped to \[2\]/,
    good: [floats("x", [3], 1, 2, 3), longs("s", 3n)],
  },
  "a division of whole numbers by zero": {
    model: graphOf(
      "Div",
      [open("x", ELEMENT.INT64), open("b", ELEMENT.INT64)],
      open("y", ELEMENT.INT64),
    ),
    bad: [longs("x", 7n), longs("b", 0n)],
    detail: /divides a whole number by zero/,
    good: [longs("x", 7n), longs("b", 2n)],
  },
  "a text that is no number": {
    model: encodeModel({
      nodes: [node("Cast", ["x"], ["y"], [intAttribute("to", ELEMENT.FP32)])],
      inputs: [open("x", ELEMENT.BYTES)],
      outputs: [y],
    }),
    bad: [makeTensor("x", "BYTES", [1], ["seven"])],
    detail: /a text is not a number that the graph can read/,
    good: [makeTensor("x", "BYTES", [1], ["7"])],
  },
};

describe("a run that the graph cannot do", () => {
  it.each(Object.entries(STORIES))("refuses %s and goes on", async (_what, story) => {
    await withSession(story.model, async (session) => {
      const before = await runAll(session, story.good);
      const failure = await runFailure(session, story.bad);
      expect(failure.reason).toBe("rejected_input");
      expect(failure.detail).toMatch(story.detail);
      expect(failure.detail).not.toMatch(BUILD_PATH);
      expect(await runAll(session, story.good)).toEqual(before);
    });
  });
});
