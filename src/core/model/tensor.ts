import type { Datatype } from "./datatype.ts";

/** Bytes that own their buffer: never a view on shared or growing memory. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** What holds the elements of each datatype. FP16 is kept as raw bits; BOOL as 0 and 1. */
export interface DataOf {
  readonly BOOL: Uint8Array;
  readonly UINT8: Uint8Array;
  readonly UINT16: Uint16Array;
  readonly UINT32: Uint32Array;
  readonly UINT64: BigUint64Array;
  readonly INT8: Int8Array;
  readonly INT16: Int16Array;
  readonly INT32: Int32Array;
  readonly INT64: BigInt64Array;
  readonly FP16: Uint16Array;
  readonly FP32: Float32Array;
  readonly FP64: Float64Array;
  readonly BYTES: readonly string[];
}

/** A named tensor: row-major elements and a shape without dynamic dimensions. */
export type Tensor = {
  [D in Datatype]: {
    readonly name: string;
    readonly datatype: D;
    readonly shape: readonly number[];
    readonly data: DataOf[D];
  };
}[Datatype];

export type TensorData = DataOf[Datatype];

/** What a model says of one input or output; `-1` is a dynamic dimension, `[]` a scalar. */
export interface TensorSpec {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
}

/**
 * Number of elements of a shape: 1 for a scalar. `undefined` when a dimension is
 * not a whole number from 0, or the product is past 2^53 (no silent overflow).
 */
export function elementCount(shape: readonly number[]): number | undefined {
  let count = 1;
  for (const dimension of shape) {
    if (!Number.isSafeInteger(dimension) || dimension < 0) return undefined;
    count *= dimension;
    if (count > Number.MAX_SAFE_INTEGER) return undefined;
  }
  return count;
}

/** Puts data that is known to match its datatype into a tensor. */
export function makeTensor<D extends Datatype>(
  name: string,
  datatype: D,
  shape: readonly number[],
  data: DataOf[D],
): Tensor {
  // A mapped union cannot be built generically without this one assertion.
  return { name, datatype, shape, data } as Tensor;
}

/** The specs of some tensors, in the order of their names. */
export const specsOf = (
  names: readonly string[],
  specs: readonly TensorSpec[],
): readonly TensorSpec[] => names.flatMap((name) => specs.find((spec) => spec.name === name) ?? []);

/** What the elements of some tensors take, in bytes; a text counts its length, whatever it is kept as. */
export const sizeOfData = (tensors: readonly Tensor[]): number =>
  tensors.reduce(
    (sum, { data }) => sum + ("byteLength" in data ? data.byteLength : lengthOf(data)),
    0,
  );

const lengthOf = (texts: readonly string[]): number =>
  texts.reduce((sum, text) => sum + text.length, 0);
