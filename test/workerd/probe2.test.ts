import wasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm";
import { expect, it } from "vitest";
import { startEngine } from "../../src/adapters/ort-wasm/start.ts";
it("starts2", async () => {
  const t = Date.now();
  const engine = await startEngine({ wasm, maxMemoryBytes: 80 << 20 });
  console.log("started", Date.now() - t, engine.memory());
  expect(engine.memory().usedBytes).toBe(16 << 20);
  (globalThis as any).mark = ((globalThis as any).mark ?? 0) + 1;
});
