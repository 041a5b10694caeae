import { MemoryFull, OrtError } from "./engine-error.ts";
import { LOG_FATAL_ONLY, type OrtModule } from "./ort-module.ts";

/** The started engine, with what all its sessions share. */
export interface Ort {
  readonly module: OrtModule;
  /** Pointer to four words for results of calls. Calls are synchronous: one at a time uses it. */
  readonly scratch: number;
  /** Handles of the options of every session and of every run. */
  readonly sessionOptions: number;
  readonly runOptions: number;
}

const SCRATCH_BYTES = 16;

const ALL_OPTIMIZATIONS = 99;

/**
 * Makes what sessions share. Arena and memory pattern stay off, as onnxruntime-web has it:
 * they hold memory and were no faster. `use_ort_model_bytes_for_initializers` must never be
 * set: a session would read its weights from a buffer that is freed under it.
 */
export function createOrt(module: OrtModule): Ort {
  const scratch = allocate(module, SCRATCH_BYTES);
  const sessionOptions = module._OrtCreateSessionOptions(
    ALL_OPTIMIZATIONS,
    false,
    false,
    0,
    false,
    0,
    0,
    LOG_FATAL_ONLY,
    0,
    0,
  );
  const runOptions = module._OrtCreateRunOptions(LOG_FATAL_ONLY, 0, false, 0);
  if (sessionOptions === 0 || runOptions === 0) throw new Error("the engine has no options");
  return { module, scratch, sessionOptions, runOptions };
}

/** Reads why the last call failed. */
export function lastError({ module, scratch }: Ort): OrtError {
  module._OrtGetLastError(scratch, scratch + 4);
  const code = module.HEAP32[scratch >>> 2] ?? 0;
  const text = module.HEAPU32[(scratch >>> 2) + 1] ?? 0;
  return new OrtError(code, text === 0 ? "" : readText(module, text));
}

/**
 * Reserves linear memory. Never answers 0, as malloc does when the memory is full:
 * onnxruntime-web's front end takes that for a pointer and destroys the engine by writing there.
 * @throws MemoryFull
 */
export function allocate(module: OrtModule, sizeBytes: number): number {
  const pointer = module._malloc(Math.max(sizeBytes, 1));
  if (pointer === 0) throw new MemoryFull(`no room for ${sizeBytes} bytes`);
  return pointer;
}

/** Reads UTF-8 text up to its NUL. */
export function readText(module: OrtModule, pointer: number): string {
  const heap = module.HEAPU8;
  return decodeText(heap, pointer, heap.indexOf(0, pointer));
}

/** Reads UTF-8 text from `start` up to `end`. */
export const decodeText = (heap: Uint8Array, start: number, end: number): string =>
  // A copy: decoders may refuse shared memory.
  decoder.decode(heap.slice(start, end));

// A byte order mark is part of a text, not of its encoding.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: false });
