/// <reference path="./ort-glue.d.ts" />
import createOrtModule from "onnxruntime-web/ort-wasm-simd-threaded.mjs";
import { LOG_FATAL_ONLY, type OrtModule } from "./ort-module.ts";

export interface RuntimeOptions {
  /** Compiled onnxruntime-web/ort-wasm-simd-threaded.wasm. */
  readonly wasm: WebAssembly.Module;
  /** Cap of the linear memory, counted down to whole pages. */
  readonly maxMemoryBytes: number;
}

export interface Runtime {
  readonly module: OrtModule;
  /** What the linear memory may grow to: the cap in whole pages. */
  readonly limitBytes: number;
}

const PAGE_BYTES = 65_536;

/** The build declares 16 MB; a cap below that cannot be linked. */
const MIN_PAGES = 256;

/** Pointers stay positive in 32 bits. */
const MAX_PAGES = 32_767;

/**
 * Starts an engine on a wasm module that is already compiled, within a cap of memory. It is
 * onnxruntime-web's own glue that is called, without the front end above it; each call makes
 * an engine of its own. While it starts, `WebAssembly.Memory` is wrapped to lower the maximum
 * of 4 GB: past the cap the engine answers `std::bad_alloc` and stays usable, where an isolate
 * over its limit is killed.
 *
 * @throws when the cap is out of range or the build is not the expected one: a bug, never input
 */
export async function startRuntime({ wasm, maxMemoryBytes }: RuntimeOptions): Promise<Runtime> {
  const maxPages = Math.floor(maxMemoryBytes / PAGE_BYTES);
  if (!(maxPages >= MIN_PAGES && maxPages <= MAX_PAGES)) {
    throw new RangeError(
      `maxMemoryBytes is ${maxMemoryBytes}; it must be from ${MIN_PAGES * PAGE_BYTES} to ${MAX_PAGES * PAGE_BYTES}`,
    );
  }
  const memory = capMemory(maxPages);
  let module: OrtModule;
  try {
    module = await createOrtModule({
      numThreads: 1,
      // Emscripten's hook: Workers may not compile wasm from bytes, which is what happens without it.
      instantiateWasm(imports, receive) {
        receive(new WebAssembly.Instance(wasm, imports), wasm);
        return {};
      },
    });
  } finally {
    memory.restore();
  }
  if (!memory.isCapped(module.HEAPU8.buffer) || module._OrtInit(1, LOG_FATAL_ONLY) !== 0) {
    throw new Error("onnxruntime-web did not start in the expected way: was its version changed?");
  }
  return { module, limitBytes: maxPages * PAGE_BYTES };
}

/** Lowers the maximum of every memory made until `restore`. */
function capMemory(maxPages: number) {
  const { Memory } = WebAssembly;
  const buffers = new Set<unknown>();
  class CappedMemory extends Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super({ ...descriptor, maximum: Math.min(descriptor.maximum ?? maxPages, maxPages) });
      buffers.add(this.buffer);
    }
  }
  WebAssembly.Memory = CappedMemory;
  return {
    isCapped: (buffer: unknown) => buffers.has(buffer),
    restore: () => {
      WebAssembly.Memory = Memory;
    },
  };
}
