import type { Bytes } from "../../src/core/model/tensor.ts";
import { ELEMENT, encodeModel, node, tensor, weights } from "../support/onnx-encoder.ts";

/** A model that adds `count` float weights to its input. */
export const modelWithWeights = (count: number): Bytes =>
  encodeModel({
    nodes: [node("Add", ["x", "w"], ["y"])],
    inputs: [{ name: "x", type: ELEMENT.FP32, shape: [count] }],
    outputs: [{ name: "y", type: ELEMENT.FP32, shape: [count] }],
    initializers: [tensor("w", ELEMENT.FP32, [count], weights(count))],
  });
