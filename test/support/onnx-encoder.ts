import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { Bytes } from "../../src/core/model/tensor.ts";

/** Writes the fields of one protobuf message. */
export type Part = (writer: BinaryWriter) => void;

/** Numbers of TensorProto.DataType (onnx.proto). */
export const ELEMENT = {
  FP32: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  BYTES: 8,
  BOOL: 9,
  FP16: 10,
  FP64: 11,
  UINT32: 12,
  UINT64: 13,
  bfloat16: 16,
} as const;

/** An input or output: a number is a size, a text names an open one, null leaves it open; no shape: unknown rank. */
export interface ValueParts {
  readonly name: string;
  readonly type: number;
  readonly shape?: readonly (number | string | null)[];
}

export interface GraphParts {
  readonly nodes?: readonly Part[];
  readonly inputs?: readonly (ValueParts | Part)[];
  readonly outputs?: readonly (ValueParts | Part)[];
  readonly initializers?: readonly Part[];
  readonly sparseInitializers?: readonly Part[];
}

export interface ModelParts extends GraphParts {
  readonly irVersion?: number;
  readonly opsets?: readonly (readonly [domain: string, version: number])[];
  readonly functions?: readonly Part[];
  readonly extra?: Part;
}

/** Encodes a ModelProto. */
export function encodeModel(parts: ModelParts): Bytes {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.Varint).int64(parts.irVersion ?? 8);
  message(7, graph(parts))(writer);
  for (const opset of parts.opsets ?? [["", 17]]) message(8, opsetImport(...opset))(writer);
  for (const body of parts.functions ?? []) message(25, body)(writer);
  parts.extra?.(writer);
  return new Uint8Array(writer.finish());
}

/** A model of one operator from `x` to `y`. */
export const oneNode = (operator: Part, input: ValueParts, output: ValueParts): Bytes =>
  encodeModel({ nodes: [operator], inputs: [input], outputs: [output] });

/** `y` is `x`, of any type and rank. */
export const identityModel = (type: number, shape: readonly (number | string | null)[]): Bytes =>
  oneNode(node("Identity", ["x"], ["y"]), { name: "x", type, shape }, { name: "y", type, shape });

export const graph =
  (parts: GraphParts): Part =>
  (writer) => {
    for (const part of parts.nodes ?? []) message(1, part)(writer);
    text(2, "graph")(writer);
    for (const part of parts.initializers ?? []) message(5, part)(writer);
    for (const part of parts.sparseInitializers ?? []) message(15, part)(writer);
    for (const part of parts.inputs ?? []) message(11, valueInfo(part))(writer);
    for (const part of parts.outputs ?? []) message(12, valueInfo(part))(writer);
  };

export const node =
  (
    operator: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: readonly Part[] = [],
    domain = "",
  ): Part =>
  (writer) => {
    for (const name of inputs) text(1, name)(writer);
    for (const name of outputs) text(2, name)(writer);
    text(4, operator)(writer);
    for (const part of attributes) message(5, part)(writer);
    if (domain !== "") text(7, domain)(writer);
  };

/** A FunctionProto. */
export const functionBody =
  (domain: string, name: string, nodes: readonly Part[], opset = 17): Part =>
  (writer) => {
    text(1, name)(writer);
    text(4, "a")(writer);
    text(5, "b")(writer);
    for (const part of nodes) message(7, part)(writer);
    message(9, opsetImport("", opset))(writer);
    text(10, domain)(writer);
  };

export const intAttribute =
  (name: string, value: number | bigint): Part =>
  (writer) => {
    text(1, name)(writer);
    writer.tag(3, WireType.Varint).int64(value);
    writer.tag(20, WireType.Varint).int32(2);
  };

export const graphAttribute =
  (name: string, parts: GraphParts): Part =>
  (writer) => {
    text(1, name)(writer);
    message(6, graph(parts))(writer);
    writer.tag(20, WireType.Varint).int32(5);
  };

export const tensorAttribute =
  (name: string, tensor: Part): Part =>
  (writer) => {
    text(1, name)(writer);
    message(5, tensor)(writer);
    writer.tag(20, WireType.Varint).int32(4);
  };

/** A TensorProto with `raw_data`, or with whatever `data` writes. */
export const tensor =
  (name: string, type: number, dims: readonly number[], data: Uint8Array | Part): Part =>
  (writer) => {
    for (const dimension of dims) writer.tag(1, WireType.Varint).int64(dimension);
    writer.tag(2, WireType.Varint).int32(type);
    text(8, name)(writer);
    if (data instanceof Uint8Array) writer.tag(9, WireType.LengthDelimited).bytes(data);
    else data(writer);
  };

/** An int64 scalar. */
export const int64Tensor = (name: string, value: bigint): Part =>
  tensor(name, ELEMENT.INT64, [], new Uint8Array(BigInt64Array.of(value).buffer));

/** Float weights that no optimizer folds away. */
export function weights(count: number): Uint8Array {
  const values = new Float32Array(count);
  for (let index = 0; index < count; index += 1) values[index] = ((index * 37) % 101) / 101;
  return new Uint8Array(values.buffer);
}

/** A ValueInfoProto whose TypeProto is anything but a tensor. */
export const otherValue =
  (name: string, typeField: number): Part =>
  (writer) => {
    text(1, name)(writer);
    message(
      2,
      message(typeField, () => undefined),
    )(writer);
  };

export const message =
  (field: number, part: Part): Part =>
  (writer) => {
    writer.tag(field, WireType.LengthDelimited).fork();
    part(writer);
    writer.join();
  };

export const text =
  (field: number, value: string): Part =>
  (writer) =>
    void writer.tag(field, WireType.LengthDelimited).string(value);

const opsetImport =
  (domain: string, version: number): Part =>
  (writer) => {
    text(1, domain)(writer);
    writer.tag(2, WireType.Varint).int64(version);
  };

function valueInfo(value: ValueParts | Part): Part {
  if (typeof value === "function") return value;
  const { name, type, shape } = value;
  return (writer) => {
    text(1, name)(writer);
    message(2, message(1, tensorType(type, shape)))(writer);
  };
}

const tensorType =
  (type: number, shape: ValueParts["shape"]): Part =>
  (writer) => {
    writer.tag(1, WireType.Varint).int32(type);
    if (shape === undefined) return;
    message(2, (dims) => {
      for (const dimension of shape) message(1, dimensionOf(dimension))(dims);
    })(writer);
  };

const dimensionOf =
  (dimension: number | string | null): Part =>
  (writer) => {
    if (typeof dimension === "number") writer.tag(1, WireType.Varint).int64(dimension);
    if (typeof dimension === "string") text(2, dimension)(writer);
  };
