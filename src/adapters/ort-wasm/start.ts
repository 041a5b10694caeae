import { makeTensor } from "../../core/model/tensor.ts";
import type { Engine } from "../../core/ports/engine.ts";
import { OrtEngine } from "./ort-engine.ts";
import { WARM_UP_MODEL } from "./warm-up-model.ts";
import { type RuntimeOptions, startRuntime } from "./wasm-runtime.ts";

/**
 * Starts the engine of this isolate, once, and opens, runs and releases a small model: wasm
 * is compiled when it is first called, and the first session would pay for it (100–160 ms in
 * workerd). Await it in global scope.
 * @throws when it cannot start: nothing can be served then
 */
export async function startEngine(options: RuntimeOptions): Promise<Engine> {
  const engine = new OrtEngine(await startRuntime(options), () => startRuntime(options));
  await warmUp(engine);
  return engine;
}

async function warmUp(engine: Engine): Promise<void> {
  const bytes = Uint8Array.from(atob(WARM_UP_MODEL), (character) => character.charCodeAt(0));
  const opened = await engine.open(bytes);
  if (!opened.ok) throw new Error("the engine does not open its own model", { cause: opened });
  const session = opened.value;
  const ran = await session.run(
    [makeTensor("x", "FP32", [1, 2], Float32Array.of(1, 2))],
    session.outputs.map(({ name }) => name),
  );
  await session.release();
  if (!ran.ok) throw new Error("the engine does not run its own model", { cause: ran });
}
