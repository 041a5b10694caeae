import { elementSizeBytes } from "../../core/model/datatype.ts";
import type { Tensor } from "../../core/model/tensor.ts";
import { codeOf } from "./element-types.ts";
import { BadTensor } from "./engine-error.ts";
import { allocate, lastError, type Ort } from "./ort.ts";
import type { OrtModule } from "./ort-module.ts";
import type { RunFrame } from "./run-frame.ts";

/**
 * The engine walks the outer dimensions even of a tensor without elements, and keeps
 * dimensions in 32 bits: an empty tensor must not say more than this many rows.
 */
const MAX_EMPTY_EXTENT = 1_048_576;

const POINTER_BYTES = 4;
const LOCATION_CPU = 1;

/**
 * Copies a tensor's elements into the engine's memory. One copy, no other allocation
 * but for text. The buffer belongs to the caller, to be freed after the tensor's release.
 * @throws BadTensor, MemoryFull
 */
export function copyIn(module: OrtModule, tensor: Tensor): number {
  checkLength(tensor);
  if (tensor.datatype === "BYTES") return copyTexts(module, tensor.name, tensor.data);
  const { data } = tensor;
  const buffer = allocate(module, data.byteLength);
  module.HEAPU8.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), buffer);
  return buffer;
}

/**
 * Makes the engine's handle of a tensor whose elements are in `buffer`.
 * @throws BadTensor, OrtError
 */
export function createTensor(ort: Ort, frame: RunFrame, tensor: Tensor, buffer: number): number {
  const { name, shape, datatype, data } = tensor;
  if (shape.length > frame.maxRank) {
    throw new BadTensor(`input '${name}' has ${shape.length} dimensions, more than any input`);
  }
  const dims = ort.module.HEAPU32;
  const first = frame.dims >>> 2;
  for (let axis = 0; axis < shape.length; axis += 1) dims[first + axis] = shape[axis] ?? 0;
  const handle = ort.module._OrtCreateTensor(
    codeOf(datatype),
    buffer,
    datatype === "BYTES" ? data.length * POINTER_BYTES : data.byteLength,
    frame.dims,
    shape.length,
    LOCATION_CPU,
  );
  if (handle === 0) throw lastError(ort);
  return handle;
}

/** The engine reads as many elements as the shape says, whatever the data: they must agree. */
function checkLength({ name, datatype, shape, data }: Tensor): void {
  let count = 1;
  let extent = 1;
  for (const dimension of shape) {
    count *= dimension;
    if (dimension !== 0) extent *= dimension;
  }
  if (count !== data.length) {
    throw new BadTensor(
      `input '${name}' has ${data.length} elements, its shape [${shape.join(", ")}] says ${count}`,
    );
  }
  if (count === 0 && extent > MAX_EMPTY_EXTENT) {
    throw new BadTensor(
      `input '${name}' is empty, but its other dimensions are larger than ${MAX_EMPTY_EXTENT} together`,
    );
  }
  const size = elementSizeBytes(datatype);
  if (size !== undefined && (data as Uint8Array).byteLength !== count * size) {
    throw new TypeError(`the data of input '${name}' is not of datatype ${datatype}`);
  }
}

/** Writes pointers, then the texts they point to, each ended by NUL. */
function copyTexts(module: OrtModule, name: string, texts: readonly string[]): number {
  const bytes = encodeTexts(name, texts);
  const table = texts.length * POINTER_BYTES;
  const buffer = allocate(module, table + bytes.length);
  const start = buffer + table;
  module.HEAPU8.set(bytes, start);
  const pointers = module.HEAPU32;
  let at = 0;
  for (let index = 0; index < texts.length; index += 1) {
    pointers[(buffer >>> 2) + index] = start + at;
    at = bytes.indexOf(0, at) + 1;
  }
  if (at === bytes.length) return buffer;
  // The engine would cut the text there, silently.
  module._free(buffer);
  throw new BadTensor(`input '${name}' has a text with U+0000 in it, which the engine cannot hold`);
}

function encodeTexts(name: string, texts: readonly string[]): Uint8Array {
  if (texts.length === 0) return NO_BYTES;
  const joined = `${texts.join("\0")}\0`;
  // The encoder would replace it by U+FFFD, silently.
  if (LONE_SURROGATE.test(joined)) {
    throw new BadTensor(`input '${name}' has a text that is not well-formed Unicode`);
  }
  return encoder.encode(joined);
}

// With the `u` flag a surrogate matches only outside of its pair.
const LONE_SURROGATE = /\p{Surrogate}/u;

const NO_BYTES = new Uint8Array(0);

const encoder = new TextEncoder();
