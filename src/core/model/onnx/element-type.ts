import { WireType } from "@bufbuild/protobuf/wire";
import type { Datatype } from "../datatype.ts";

/** Fields of TensorProto that hold elements when `raw_data` does not, and how they are encoded. */
export const DATA_FIELDS = {
  float_data: { number: 4, kind: WireType.Bit32 },
  int32_data: { number: 5, kind: WireType.Varint },
  string_data: { number: 6, kind: "text" },
  int64_data: { number: 7, kind: WireType.Varint },
  double_data: { number: 10, kind: WireType.Bit64 },
  uint64_data: { number: 11, kind: WireType.Varint },
} as const;

/** An element type of ONNX. */
export interface ElementType {
  /** As ONNX writes it, in lower case. */
  readonly name: string;
  /** Bits of one element; text has none. */
  readonly bits?: number;
  /** The protocol's word; left out when it has none that the engine takes. */
  readonly datatype?: Datatype;
  readonly field: keyof typeof DATA_FIELDS;
  /** Numbers of that field for one element; below 1 where several share a number. */
  readonly perElement?: number;
}

/** By number of TensorProto.DataType. Source: onnx.proto (onnx 1.20), comments of the data fields. */
const TYPES: ReadonlyMap<number, ElementType> = new Map<number, ElementType>([
  [1, { name: "float", bits: 32, datatype: "FP32", field: "float_data" }],
  [2, { name: "uint8", bits: 8, datatype: "UINT8", field: "int32_data" }],
  [3, { name: "int8", bits: 8, datatype: "INT8", field: "int32_data" }],
  [4, { name: "uint16", bits: 16, datatype: "UINT16", field: "int32_data" }],
  [5, { name: "int16", bits: 16, datatype: "INT16", field: "int32_data" }],
  [6, { name: "int32", bits: 32, datatype: "INT32", field: "int32_data" }],
  [7, { name: "int64", bits: 64, datatype: "INT64", field: "int64_data" }],
  [8, { name: "string", datatype: "BYTES", field: "string_data" }],
  [9, { name: "bool", bits: 8, datatype: "BOOL", field: "int32_data" }],
  [10, { name: "float16", bits: 16, datatype: "FP16", field: "int32_data" }],
  [11, { name: "double", bits: 64, datatype: "FP64", field: "double_data" }],
  [12, { name: "uint32", bits: 32, datatype: "UINT32", field: "uint64_data" }],
  [13, { name: "uint64", bits: 64, datatype: "UINT64", field: "uint64_data" }],
  [14, { name: "complex64", bits: 64, field: "float_data", perElement: 2 }],
  [15, { name: "complex128", bits: 128, field: "double_data", perElement: 2 }],
  [16, { name: "bfloat16", bits: 16, field: "int32_data" }],
  [17, { name: "float8e4m3fn", bits: 8, field: "int32_data" }],
  [18, { name: "float8e4m3fnuz", bits: 8, field: "int32_data" }],
  [19, { name: "float8e5m2", bits: 8, field: "int32_data" }],
  [20, { name: "float8e5m2fnuz", bits: 8, field: "int32_data" }],
  [21, { name: "uint4", bits: 4, field: "int32_data", perElement: 1 / 2 }],
  [22, { name: "int4", bits: 4, field: "int32_data", perElement: 1 / 2 }],
  [23, { name: "float4e2m1", bits: 4, field: "int32_data", perElement: 1 / 2 }],
  [24, { name: "float8e8m0", bits: 8, field: "int32_data" }],
  [25, { name: "uint2", bits: 2, field: "int32_data", perElement: 1 / 4 }],
  [26, { name: "int2", bits: 2, field: "int32_data", perElement: 1 / 4 }],
]);

/** `undefined` for a number that ONNX has not given out. */
export const elementTypeOf = (code: number): ElementType | undefined => TYPES.get(code);
