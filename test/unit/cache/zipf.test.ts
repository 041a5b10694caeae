import { describe, expect, it } from "vitest";
import { makeTensor } from "../../../src/core/model/tensor.ts";
import { ask, fakeModel } from "../../support/ask.ts";
import { createCountingEngine } from "../../support/counting-engine.ts";
import { publish } from "../../support/publish.ts";
import { createTestCore } from "../../support/test-core.ts";
import { createRandom, createZipf, referenceHits } from "../../support/zipf.ts";

const REQUESTS = 100_000;
const MODELS = 20;
const INPUTS_PER_MODEL = 250;
/** Entries that fit: a tenth of what is asked for. */
const CAPACITY = 500;

const inputsOf = (one: number) => [makeTensor("x", "FP32", [1, 2], Float32Array.of(one, 0))];

/** Requests spread over models: neighbours in rank are of different ones. */
const modelOf = (one: number): string => `model-${one % MODELS}`;

async function createCore(maxBytes: number) {
  const engine = createCountingEngine();
  const core = createTestCore({ predictions: { maxBytes }, engine });
  for (let model = 0; model < MODELS; model += 1) {
    await publish(core.bucket, `model-${model}`, fakeModel(model));
  }
  return { core, engine };
}

describe("a Zipf mix of 100,000 requests over 20 models", () => {
  it("hits the prediction cache as often as an LRU of the same bytes would", async () => {
    const probe = await createCore(1_000_000);
    await ask(probe.core, modelOf(0), { inputs: inputsOf(0) });
    const entryBytes = probe.core.deps.predictions?.stats().isolate.bytes ?? 0;
    const { core, engine } = await createCore(CAPACITY * entryBytes);
    const next = createZipf(MODELS * INPUTS_PER_MODEL, createRandom(20_261_125));
    const asked = Array.from({ length: REQUESTS }, next);
    let modelHits = 0;
    for (const one of asked) {
      const answer = await ask(core, modelOf(one), { inputs: inputsOf(one) });
      if (!answer.ok) throw new Error(answer.failure.detail);
      expect(answer.value.outputs[0]?.data[0]).toBe(one + (one % MODELS));
      if (answer.value.modelCache !== "miss") modelHits += 1;
    }
    const stats = core.deps.predictions?.stats().isolate;
    if (stats === undefined) throw new Error("there is one");
    const expected = referenceHits(asked, CAPACITY) / REQUESTS;
    // Far from both ends, or it would show nothing.
    expect(expected).toBeGreaterThan(0.5);
    expect(expected).toBeLessThan(0.95);
    expect(Math.abs(stats.hits / REQUESTS - expected)).toBeLessThan(0.01);
    expect(stats.bytes).toBeLessThanOrEqual(CAPACITY * entryBytes);
    expect(engine.runs).toBe(REQUESTS - stats.hits);
    expect(modelHits / REQUESTS).toBeGreaterThanOrEqual(0.99);
  });
});
