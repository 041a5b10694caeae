import wasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm";
import { describe, expect, it } from "vitest";
import { OrtEngine } from "../../src/adapters/ort-wasm/ort-engine.ts";
import { type Runtime, startRuntime } from "../../src/adapters/ort-wasm/wasm-runtime.ts";
import { makeTensor } from "../../src/core/model/tensor.ts";
import type { EngineSession } from "../../src/core/ports/engine.ts";
import { ELEMENT, identityModel } from "../support/onnx-encoder.ts";

const model = identityModel(ELEMENT.FP32, [null]);
const options = { wasm, maxMemoryBytes: 32 << 20 };
const input = makeTensor("x", "FP32", [2], Float32Array.of(1, 2));

async function open(engine: OrtEngine): Promise<EngineSession> {
  const opened = await engine.open(model);
  if (!opened.ok) throw new Error(opened.failure.detail);
  return opened.value;
}

const run = (session: EngineSession) => session.run([input], ["y"]);

/** Takes away the engine's own function table entry, as a wild write would: the next run traps. */
function sabotage({ module }: Runtime): void {
  const { _OrtRun } = module;
  module._OrtRun = (...given) => {
    module._OrtRun = _OrtRun;
    // A handle that points nowhere: C++ reads beyond its memory.
    return _OrtRun(0x7fff_0000, ...(given.slice(1) as Tail<Parameters<typeof _OrtRun>>));
  };
}

type Tail<T extends readonly unknown[]> = T extends readonly [unknown, ...infer Rest]
  ? Rest
  : never;

describe("an engine that crashes", () => {
  it("gives no further answer, and the next model is opened in a new one", async () => {
    const started: Runtime[] = [];
    const start = async () => {
      const runtime = await startRuntime(options);
      started.push(runtime);
      return runtime;
    };
    const first = await start();
    const engine = new OrtEngine(first, start);
    const [one, other] = [await open(engine), await open(engine)];
    expect(await run(one)).toMatchObject({ ok: true });

    sabotage(first);
    expect(await run(one)).toMatchObject({ ok: false, failure: { reason: "engine_crashed" } });
    expect(await run(one)).toMatchObject({ ok: false, failure: { reason: "engine_lost" } });
    expect(await run(other)).toMatchObject({ ok: false, failure: { reason: "engine_lost" } });

    // All who open at once share one restart.
    const again = await Promise.all([open(engine), open(engine), open(engine)]);
    for (const session of again) {
      expect(await run(session)).toMatchObject({ ok: true, value: [{ data: input.data }] });
    }
    expect(started).toHaveLength(2);
    await Promise.all([
      one.release(),
      other.release(),
      ...again.map((session) => session.release()),
    ]);
    expect(await run(await open(engine))).toMatchObject({ ok: true });
  });
});
