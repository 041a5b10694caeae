/**
 * Tensor datatypes of the Open Inference Protocol that the engine has. BF16 is
 * in the protocol's list but not in onnxruntime-web's.
 * Source: Open Inference Protocol, "Tensor Data Types".
 */
export const DATATYPES = [
  "BOOL",
  "UINT8",
  "UINT16",
  "UINT32",
  "UINT64",
  "INT8",
  "INT16",
  "INT32",
  "INT64",
  "FP16",
  "FP32",
  "FP64",
  "BYTES",
] as const;

export type Datatype = (typeof DATATYPES)[number];

const SIZES: Record<Exclude<Datatype, "BYTES">, number> = {
  BOOL: 1,
  UINT8: 1,
  UINT16: 2,
  UINT32: 4,
  UINT64: 8,
  INT8: 1,
  INT16: 2,
  INT32: 4,
  INT64: 8,
  FP16: 2,
  FP32: 4,
  FP64: 8,
};

const KNOWN: ReadonlySet<string> = new Set(DATATYPES);

/** Tells whether a caller's word is a datatype; case matters, as in the protocol. */
export const isDatatype = (word: string): word is Datatype => KNOWN.has(word);

/** Bytes of one element; `undefined` for BYTES, whose elements carry their own length. */
export const elementSizeBytes = (datatype: Datatype): number | undefined =>
  datatype === "BYTES" ? undefined : SIZES[datatype];
