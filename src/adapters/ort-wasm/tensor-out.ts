import type { Tensor } from "../../core/model/tensor.ts";
import { elementTypeOf } from "./element-types.ts";
import { MemoryFull } from "./engine-error.ts";
import { decodeText, lastError, type Ort } from "./ort.ts";
import type { OrtModule } from "./ort-module.ts";

/**
 * Copies a tensor out of the engine's memory; the handle stays the caller's to release.
 * @throws OrtError when the value is no tensor, MemoryFull when the JS heap is full
 */
export function copyOut(ort: Ort, handle: number, name: string): Tensor {
  const { module, scratch } = ort;
  const failed = module._OrtGetTensorData(handle, scratch, scratch + 4, scratch + 8, scratch + 12);
  if (failed !== 0) throw lastError(ort);
  const words = module.HEAPU32;
  const at = scratch >>> 2;
  const type = elementTypeOf(words[at] ?? 0);
  const data = words[at + 1] ?? 0;
  const shape = takeShape(module, words[at + 2] ?? 0, words[at + 3] ?? 0);
  if (type === undefined) throw new TypeError(`output '${name}' has an unknown element type`);
  let count = 1;
  for (const dimension of shape) count *= dimension;
  const { datatype, elements } = type;
  if (elements === undefined) {
    return { name, datatype: "BYTES", shape, data: takeTexts(module, data, count) };
  }
  const buffer = copy(module, data, count * elements.BYTES_PER_ELEMENT);
  // The table pairs each datatype with its array, which the types cannot say.
  return { name, datatype, shape, data: new elements(buffer) } as Tensor;
}

function takeShape(module: OrtModule, dims: number, rank: number): readonly number[] {
  const shape: number[] = [];
  for (let axis = 0; axis < rank; axis += 1) shape.push(module.HEAPU32[(dims >>> 2) + axis] ?? 0);
  module._OrtFree(dims);
  return shape;
}

function copy(module: OrtModule, from: number, sizeBytes: number): ArrayBuffer {
  try {
    return module.HEAPU8.slice(from, from + sizeBytes).buffer;
  } catch (cause) {
    throw new MemoryFull(`no room outside of the engine for an output of ${sizeBytes} bytes`, {
      cause,
    });
  }
}

/**
 * Reads `count` pointers and the texts behind them, which lie one after the other; one
 * NUL ends the last. The engine hands this buffer over, so it is freed here.
 */
function takeTexts(module: OrtModule, table: number, count: number): readonly string[] {
  const texts: string[] = [];
  const words = module.HEAPU32;
  const heap = module.HEAPU8;
  for (let index = 0; index < count; index += 1) {
    const start = words[(table >>> 2) + index] ?? 0;
    const end =
      index + 1 < count ? (words[(table >>> 2) + index + 1] ?? 0) : heap.indexOf(0, start);
    texts.push(decodeText(heap, start, end));
  }
  module._free(table);
  return texts;
}
