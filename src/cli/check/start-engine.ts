import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { startEngine } from "../../adapters/ort-wasm/start.ts";
import { ENGINE_MAX_MEMORY_BYTES } from "../../core/model/limits.ts";
import type { Engine } from "../../core/ports/engine.ts";

/** The engine of an isolate, in this process: the same wasm under the same cap of memory. */
export async function startLocalEngine(): Promise<Engine> {
  const require = createRequire(import.meta.url);
  const path = require.resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm");
  const wasm = await WebAssembly.compile(await readFile(path));
  return startEngine({ wasm, maxMemoryBytes: ENGINE_MAX_MEMORY_BYTES });
}
