import { env, InferenceSession } from "onnxruntime-web/wasm";
import type { OrtModule } from "./ort-module.ts";

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
 * Starts onnxruntime-web on a module that is already compiled, within a cap of memory.
 * Once per isolate: onnxruntime-web keeps its state in module scope and can be neither
 * started twice nor stopped. While it starts, two globals are changed, and put back:
 *
 * - `Object.prototype.instantiateWasm` is Emscripten's documented hook. onnxruntime-web makes
 *   the Module object itself and keeps it private; the prototype is the one way to hand it
 *   the hook, and the hook's `this` is that Module. Workers may not compile wasm from bytes,
 *   which is what happens without it.
 * - `WebAssembly.Memory` is wrapped to lower the maximum of 4 GB: past the cap the engine
 *   answers `std::bad_alloc` and stays usable, where an isolate over its limit is killed.
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
  // Single thread; only a fatal message may reach the console.
  env.wasm.numThreads = 1;
  env.logLevel = "fatal";
  // Never read: it only keeps onnxruntime-web from looking for the file by URL.
  env.wasm.wasmBinary = new ArrayBuffer(8);

  const memory = capMemory(maxPages);
  const hook = hookInstantiate(wasm);
  // The only door to the start is a session. One byte is no model: it fails once everything is up.
  const cause = await InferenceSession.create(new Uint8Array(1)).catch((error: unknown) => error);
  hook.restore();
  memory.restore();
  const module = hook.module();
  if (module === undefined || !memory.isCapped(module.HEAPU8.buffer)) {
    throw new Error("onnxruntime-web did not start in the expected way: was its version changed?", {
      cause,
    });
  }
  return { module, limitBytes: maxPages * PAGE_BYTES };
}

/** Gives the next Emscripten module our compiled wasm, and remembers that module. */
function hookInstantiate(wasm: WebAssembly.Module) {
  let module: OrtModule | undefined;
  function instantiateWasm(
    this: OrtModule,
    imports: WebAssembly.Imports,
    receive: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
  ) {
    module = this;
    receive(new WebAssembly.Instance(wasm, imports), wasm);
    return {};
  }
  Object.defineProperty(Object.prototype, "instantiateWasm", {
    value: instantiateWasm,
    configurable: true,
    writable: true,
  });
  return {
    module: () => module,
    restore: () => Reflect.deleteProperty(Object.prototype, "instantiateWasm"),
  };
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
