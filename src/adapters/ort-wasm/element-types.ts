import type { Datatype } from "../../core/model/datatype.ts";
import type { TensorData } from "../../core/model/tensor.ts";

/** How the engine names and holds the elements of one datatype. */
export interface ElementType {
  /** Number of TensorProto.DataType (onnx.proto), which the engine uses too. */
  readonly code: number;
  readonly datatype: Datatype;
  /** Array of such elements; text has none. */
  readonly elements?: {
    readonly BYTES_PER_ELEMENT: number;
    new (buffer: ArrayBuffer): TensorData;
  };
}

const TYPES: readonly ElementType[] = [
  { code: 1, datatype: "FP32", elements: Float32Array },
  { code: 2, datatype: "UINT8", elements: Uint8Array },
  { code: 3, datatype: "INT8", elements: Int8Array },
  { code: 4, datatype: "UINT16", elements: Uint16Array },
  { code: 5, datatype: "INT16", elements: Int16Array },
  { code: 6, datatype: "INT32", elements: Int32Array },
  { code: 7, datatype: "INT64", elements: BigInt64Array },
  { code: 8, datatype: "BYTES" },
  { code: 9, datatype: "BOOL", elements: Uint8Array },
  { code: 10, datatype: "FP16", elements: Uint16Array },
  { code: 11, datatype: "FP64", elements: Float64Array },
  { code: 12, datatype: "UINT32", elements: Uint32Array },
  { code: 13, datatype: "UINT64", elements: BigUint64Array },
];

const byCode: readonly (ElementType | undefined)[] = Array.from({ length: 14 }, (_, code) =>
  TYPES.find((type) => type.code === code),
);

const codes = Object.fromEntries(TYPES.map(({ datatype, code }) => [datatype, code])) as Readonly<
  Record<Datatype, number>
>;

/** `undefined` for what the protocol does not have, such as bfloat16. */
export const elementTypeOf = (code: number): ElementType | undefined => byCode[code];

export const codeOf = (datatype: Datatype): number => codes[datatype];
