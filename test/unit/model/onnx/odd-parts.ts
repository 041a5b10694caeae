import { WireType } from "@bufbuild/protobuf/wire";
import { inspectOnnx, type OnnxFacts } from "../../../../src/core/model/onnx/inspect.ts";
import type { Result } from "../../../../src/core/model/result.ts";
import {
  encodeModel,
  functionBody,
  type GraphParts,
  graphAttribute,
  int64Tensor,
  type ModelParts,
  message,
  node,
  type Part,
  tensorAttribute,
  text,
} from "../../../support/onnx-encoder.ts";

/** `ok`, or why not, in one line. */
export function verdictOf(bytes: Uint8Array): string {
  const result = inspectOnnx(bytes);
  return result.ok ? "ok" : `${result.failure.reason}: ${result.failure.detail}`;
}

/** Facts of a model that has to pass. */
export function factsOf(bytes: Uint8Array): OnnxFacts {
  const result: Result<OnnxFacts, { reason: string; detail: string }> = inspectOnnx(bytes);
  if (!result.ok) throw new Error(`refused: ${result.failure.detail}`);
  return result.value;
}

export const X = { name: "x", type: 1, shape: [1] } as const;
export const Y = { name: "y", type: 1, shape: [1] } as const;

/** A model from float [1] `x` to `y`: what a test is about is laid over it. */
export const encodeOver = (parts: ModelParts): Uint8Array<ArrayBuffer> =>
  encodeModel({ nodes: [node("Identity", ["x"], ["y"])], inputs: [X], outputs: [Y], ...parts });

/** A good model with this in front of it, behind it or in it, as ModelProto fields. */
export const encodeWith = (extra: Part): Uint8Array<ArrayBuffer> => encodeOver({ extra });

export const varint =
  (field: number, value: number | bigint): Part =>
  (writer) =>
    void writer.tag(field, WireType.Varint).int64(value);

export const bytesField =
  (field: number, bytes: Uint8Array): Part =>
  (writer) =>
    void writer.tag(field, WireType.LengthDelimited).bytes(bytes);

/** Bytes as they are, tag and all. */
export const raw =
  (...bytes: readonly number[]): Part =>
  (writer) =>
    void writer.raw(Uint8Array.from(bytes));

export const all =
  (...parts: readonly Part[]): Part =>
  (writer) => {
    for (const part of parts) part(writer);
  };

/** Whole numbers in one packed field. */
export const packed = (field: number, values: readonly (number | bigint)[]): Part =>
  message(field, (writer) => {
    for (const value of values) writer.int64(value);
  });

/** An attribute whose value is that of the function's caller. */
export const referenceAttribute = (name: string, reference: string): Part =>
  all(text(1, name), text(21, reference), varint(20, 5));

export const constant = (output: string, value: bigint): Part =>
  node("Constant", [], [output], [tensorAttribute("value", int64Tensor("", value))]);

/** A body of a loop that carries one value; `k` is its condition, `v` what it carries. */
export const loopBody = (nodes: readonly Part[] = [], more: GraphParts = {}): GraphParts => ({
  ...more,
  nodes: [...nodes, node("Identity", ["k"], ["k2"]), node("Add", ["v", "v"], ["v2"])],
  inputs: [
    { name: "i", type: 7, shape: [] },
    { name: "k", type: 9, shape: [] },
    { name: "v", type: 1, shape: [1] },
  ],
  outputs: [
    { name: "k2", type: 9, shape: [] },
    { name: "v2", type: 1, shape: [1] },
  ],
});

/** A Loop over `trips`, the name of a value. */
export const loop = (
  trips: string,
  body: GraphParts = loopBody(),
  [input, output] = ["x", "y"],
): Part =>
  node("Loop", [trips, "", input ?? "", "x"], [output ?? ""], [graphAttribute("body", body)]);

/** A model with functions of domain `my`. */
export const encodeCalls = (
  functions: Readonly<Record<string, readonly Part[]>>,
  parts: ModelParts,
): Uint8Array<ArrayBuffer> =>
  encodeOver({
    opsets: [
      ["", 17],
      ["my", 1],
    ],
    functions: Object.entries(functions).map(([name, nodes]) => functionBody("my", name, nodes)),
    ...parts,
  });
