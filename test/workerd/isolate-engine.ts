import wasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm";
import { startEngine } from "../../src/adapters/ort-wasm/start.ts";
export const engine = await startEngine({ wasm, maxMemoryBytes: 80 << 20 });
