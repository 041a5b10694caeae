import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ELEMENT, encodeModel, node, tensor, weights } from "../../test/support/onnx-encoder.ts";

/** A model whose rows may be run together. */
export interface JoinedModel {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly input: string;
  /** Of one row. */
  readonly shape: readonly number[];
}

const EXAMPLES = join(import.meta.dirname, "..", "..", "examples", "models");

const example = async (name: string, version: string) =>
  new Uint8Array(await readFile(join(EXAMPLES, name, "versions", version, "model.onnx")));

/** Small and large, cheap and dear, a kind of graph each. */
export const joinedModels = async (): Promise<readonly JoinedModel[]> => [
  {
    name: "trees",
    bytes: await example("breast-cancer-rf", "2"),
    input: "features",
    shape: [1, 30],
  },
  { name: "small MLP", bytes: await example("digits-mlp", "2"), input: "features", shape: [1, 64] },
  { name: "large MLP", bytes: largeMlp(), input: "x", shape: [1, 64] },
  { name: "convolution", bytes: convolution(), input: "x", shape: [1, 1, 28, 28] },
];

const HIDDEN = 2048;

/** 64 → 2048 → 2048 → 10: 4.3 million weights. */
function largeMlp(): Uint8Array<ArrayBuffer> {
  const matrix = (name: string, rows: number, columns: number) =>
    tensor(name, ELEMENT.FP32, [rows, columns], weights(rows * columns));
  return encodeModel({
    nodes: [
      node("MatMul", ["x", "a"], ["p"]),
      node("Relu", ["p"], ["q"]),
      node("MatMul", ["q", "b"], ["r"]),
      node("Relu", ["r"], ["s"]),
      node("MatMul", ["s", "c"], ["y"]),
    ],
    inputs: [{ name: "x", type: ELEMENT.FP32, shape: [null, 64] }],
    outputs: [{ name: "y", type: ELEMENT.FP32, shape: [null, 10] }],
    initializers: [matrix("a", 64, HIDDEN), matrix("b", HIDDEN, HIDDEN), matrix("c", HIDDEN, 10)],
  });
}

/** 64 filters of 5 × 5 over an image of 28 × 28, the mean of each. */
function convolution(): Uint8Array<ArrayBuffer> {
  return encodeModel({
    nodes: [
      node("Conv", ["x", "w"], ["p"]),
      node("Relu", ["p"], ["q"]),
      node("GlobalAveragePool", ["q"], ["y"]),
    ],
    inputs: [{ name: "x", type: ELEMENT.FP32, shape: [null, 1, 28, 28] }],
    outputs: [{ name: "y", type: ELEMENT.FP32, shape: [null, 64, 1, 1] }],
    initializers: [tensor("w", ELEMENT.FP32, [64, 1, 5, 5], weights(64 * 25))],
  });
}
