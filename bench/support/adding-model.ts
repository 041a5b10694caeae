import { ELEMENT, encodeModel, node, tensor } from "../../test/support/onnx-encoder.ts";

/** `y` = `x` + `mark`: an answer tells which model computed it. */
export const addingModel = (mark: number): Uint8Array<ArrayBuffer> =>
  encodeModel({
    nodes: [node("Add", ["x", "w"], ["y"])],
    inputs: [{ name: "x", type: ELEMENT.FP32, shape: [null, 1] }],
    outputs: [{ name: "y", type: ELEMENT.FP32, shape: [null, 1] }],
    initializers: [tensor("w", ELEMENT.FP32, [1], new Uint8Array(Float32Array.of(mark).buffer))],
  });

/** A request that asks such a model for `x` + `mark`. */
export const addingBody = (x: number): string =>
  JSON.stringify({ inputs: [{ name: "x", shape: [1, 1], datatype: "FP32", data: [x] }] });
