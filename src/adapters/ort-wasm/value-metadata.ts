import type { TensorSpec } from "../../core/model/tensor.ts";
import { elementTypeOf } from "./element-types.ts";
import { ForeignValue } from "./engine-error.ts";
import { lastError, type Ort, readText } from "./ort.ts";

export interface ValueMetadata {
  readonly spec: TensorSpec;
  /** The name as a C string, the session's to free. */
  readonly namePointer: number;
}

/** How an open dimension is told, named or not. */
const OPEN = -1;

/** The engine tells an open dimension without a name as 2^32 - 1. */
const MAX_DIMENSION = 0x7fff_ffff;

/**
 * Reads name, datatype and shape of an input or output; outputs are counted on after the
 * inputs. An unknown rank is told like a scalar's, as `[]`.
 * @throws OrtError, ForeignValue
 */
export function readMetadata(ort: Ort, session: number, index: number): ValueMetadata {
  const { module, scratch } = ort;
  const failed = module._OrtGetInputOutputMetadata(session, index, scratch, scratch + 4);
  if (failed !== 0) throw lastError(ort);
  const words = module.HEAPU32;
  const namePointer = words[scratch >>> 2] ?? 0;
  const metadata = words[(scratch >>> 2) + 1] ?? 0;
  const name = readText(module, namePointer);
  const type = elementTypeOf(words[metadata >>> 2] ?? 0);
  const shape = readShape(words, metadata >>> 2);
  module._OrtFree(metadata);
  if (type === undefined) {
    module._OrtFree(namePointer);
    throw new ForeignValue(`'${name}' is no tensor of a type that the protocol has`);
  }
  return { spec: { name, datatype: type.datatype, shape }, namePointer };
}

/** Words: element type or 0, rank, a pointer to each dimension's name or 0, each dimension. */
function readShape(words: Uint32Array, at: number): readonly number[] {
  const isTensor = words[at] !== 0;
  const rank = isTensor ? (words[at + 1] ?? 0) : 0;
  const shape: number[] = [];
  for (let axis = 0; axis < rank; axis += 1) {
    const isNamed = words[at + 2 + axis] !== 0;
    const size = words[at + 2 + rank + axis] ?? 0;
    shape.push(isNamed || size > MAX_DIMENSION ? OPEN : size);
  }
  return shape;
}
