import type { TensorSpec } from "../../core/model/tensor.ts";
import { isCrash } from "./engine-error.ts";
import { allocate, lastError, type Ort } from "./ort.ts";
import type { OrtModule } from "./ort-module.ts";
import { createRunFrame, type RunFrame } from "./run-frame.ts";
import { readMetadata, type ValueMetadata } from "./value-metadata.ts";

/** What the engine holds for one session: pointers into its memory. */
export interface NativeSession {
  readonly handle: number;
  /** Each name as a C string. */
  readonly inputNames: ReadonlyMap<string, number>;
  readonly outputNames: ReadonlyMap<string, number>;
  readonly frame: RunFrame;
}

export interface OpenedNative {
  readonly native: NativeSession;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

/**
 * Opens a model in the engine, which takes a copy of the bytes and lets it go again.
 * @throws OrtError, MemoryFull, ForeignValue, a number for a C++ exception; the engine then
 * holds nothing of it. A crash is passed on at once: the engine must not be touched again.
 */
export function openNative(ort: Ort, model: Uint8Array): OpenedNative {
  const handle = createHandle(ort, model);
  const values: ValueMetadata[] = [];
  try {
    const inputCount = readValues(ort, handle, values);
    return assemble(ort, handle, values.slice(0, inputCount), values.slice(inputCount));
  } catch (error) {
    if (isCrash(error)) throw error;
    for (const { namePointer } of values) ort.module._OrtFree(namePointer);
    ort.module._OrtReleaseSession(handle);
    throw error;
  }
}

/** Gives back everything that the engine holds for a session. */
export function releaseNative({ module }: Ort, native: NativeSession): void {
  module._OrtReleaseSession(native.handle);
  for (const names of [native.inputNames, native.outputNames]) {
    for (const pointer of names.values()) module._OrtFree(pointer);
  }
  module._free(native.frame.start);
}

function createHandle(ort: Ort, model: Uint8Array): number {
  const { module, sessionOptions } = ort;
  const buffer = allocate(module, model.byteLength);
  module.HEAPU8.set(model, buffer);
  const handle = createOrFree(module, buffer, model.byteLength, sessionOptions);
  if (handle === 0) throw lastError(ort);
  return handle;
}

function createOrFree(
  module: OrtModule,
  buffer: number,
  sizeBytes: number,
  sessionOptions: number,
): number {
  let handle: number;
  try {
    handle = module._OrtCreateSession(buffer, sizeBytes, sessionOptions);
  } catch (error) {
    if (!isCrash(error)) module._free(buffer);
    throw error;
  }
  module._free(buffer);
  return handle;
}

/** Reads inputs, then outputs; answers how many are inputs. */
function readValues(ort: Ort, handle: number, values: ValueMetadata[]): number {
  const { module, scratch } = ort;
  const failed = module._OrtGetInputOutputCount(handle, scratch, scratch + 4);
  if (failed !== 0) throw lastError(ort);
  const [inputCount = 0, outputCount = 0] = module.HEAPU32.slice(
    scratch >>> 2,
    (scratch >>> 2) + 2,
  );
  for (let index = 0; index < inputCount + outputCount; index += 1) {
    values.push(readMetadata(ort, handle, index));
  }
  return inputCount;
}

function assemble(
  { module }: Ort,
  handle: number,
  inputs: readonly ValueMetadata[],
  outputs: readonly ValueMetadata[],
): OpenedNative {
  const maxRank = Math.max(0, ...inputs.map(({ spec }) => spec.shape.length));
  const frame = createRunFrame(module, {
    inputs: inputs.length,
    outputs: outputs.length,
    maxRank,
  });
  return {
    native: { handle, inputNames: namesOf(inputs), outputNames: namesOf(outputs), frame },
    inputs: inputs.map(({ spec }) => spec),
    outputs: outputs.map(({ spec }) => spec),
  };
}

const namesOf = (values: readonly ValueMetadata[]): ReadonlyMap<string, number> =>
  new Map(values.map(({ spec, namePointer }) => [spec.name, namePointer]));
