import { describe, expect, it } from "vitest";
import forestModel from "../../examples/models/breast-cancer-rf/versions/1/model.onnx?url&inline";
import mlpModel from "../../examples/models/digits-mlp/versions/2/model.onnx?url&inline";
import { createMemoryObjectStore } from "../../src/adapters/memory/object-store.ts";
import { createSystemClock } from "../../src/adapters/web-platform/clock.ts";
import { createWorkersDigest } from "../../src/adapters/web-platform/digest.ts";
import { ModelCache } from "../../src/core/cache/model-cache.ts";
import { DeploymentFinder } from "../../src/core/lifecycle/find-deployment.ts";
import { VersionLoader } from "../../src/core/lifecycle/version-loader.ts";
import { manifestSchema } from "../../src/core/model/manifest.ts";
import { type Bytes, makeTensor, type Tensor } from "../../src/core/model/tensor.ts";
import { type InferDeps, infer } from "../../src/core/predict/infer.ts";
import { JoinRuns } from "../../src/core/predict/joining/join-runs.ts";
import { StatisticsBook } from "../../src/core/predict/statistics.ts";
import { Catalog } from "../../src/core/routing/catalog.ts";
import { engine } from "./isolate-engine.ts";
import { bytesOf, openSession } from "./open-session.ts";

const REQUESTS = 64;
const TOLERANCE = 1e-6;

const MODELS = {
  trees: { bytes: bytesOf(forestModel), width: 30 },
  "a network": { bytes: bytesOf(mlpModel), width: 64 },
};

const clock = createSystemClock();
const DIGEST = "0".repeat(64);

/** What a request wants of the core, with one version that is loaded. */
async function serving(bytes: Bytes, batching: { max_batch_size?: number }): Promise<InferDeps> {
  const models = new ModelCache({ maxBytes: 64 << 20, onRelease: () => undefined });
  const store = createMemoryObjectStore({ digest: createWorkersDigest() });
  const catalog = new Catalog();
  const events = { emit: () => undefined };
  const freshness = {
    checkFreshness: false,
    revalidateMs: 1,
    maxStaleMs: 1,
    strictFreshness: false,
  };
  const refresh = () => Promise.reject(new Error("nothing is looked up"));
  const session = await openSession(bytes);
  models.add({
    model: "model",
    version: "1",
    digest: DIGEST,
    etag: '"1"',
    manifest: manifestSchema.parse({
      schema: 1,
      name: "model",
      version: "1",
      digest: DIGEST,
      size_bytes: bytes.byteLength,
      created_at: "2026-01-01T00:00:00Z",
    }),
    session,
    memoryBytes: session.memoryBytes,
    loadedAtMs: 0,
  });
  return {
    models,
    finder: new DeploymentFinder({ store, catalog, models, clock, events, freshness, refresh }),
    loader: new VersionLoader({ store, engine, models, clock, events }),
    statistics: new StatisticsBook(),
    events,
    joining: new JoinRuns({ deploymentOf: () => ({ batching }) }),
  };
}

/** As many different rows as there are requests, the same in each run of the test. */
const rowsOf = (width: number): readonly Tensor[] =>
  Array.from({ length: REQUESTS }, (_, row) =>
    makeTensor(
      "features",
      "FP32",
      [1, width],
      Float32Array.from({ length: width }, (_, column) => ((row * 31 + column * 17) % 97) / 6),
    ),
  );

async function ask(deps: InferDeps, input: Tensor): Promise<readonly Tensor[]> {
  const entered = deps.joining?.inFlight.enter(0);
  const context = { clock, background: { keep: () => undefined } };
  const answer = await infer(deps, context, {
    reference: { model: "model", selector: { kind: "version", version: "1" } },
    stickiness: () => ({ random: () => 0 }),
    inputs: [input],
  });
  if (entered !== undefined) deps.joining?.inFlight.leave(entered);
  if (!answer.ok) throw new Error(answer.failure.detail);
  return answer.value.outputs;
}

function expectSame(actual: readonly Tensor[] | undefined, wanted: readonly Tensor[]): void {
  expect(actual?.map(({ name, datatype, shape }) => [name, datatype, shape])).toEqual(
    wanted.map(({ name, datatype, shape }) => [name, datatype, shape]),
  );
  for (const [place, { data }] of wanted.entries()) {
    const found = Array.from(actual?.[place]?.data ?? [], Number);
    for (const [index, value] of Array.from(data, Number).entries()) {
      const scale = Math.max(1, Math.abs(value));
      expect(Math.abs((found[index] ?? Number.NaN) - value)).toBeLessThanOrEqual(TOLERANCE * scale);
    }
  }
}

describe("64 requests at once, joined", () => {
  it.each(Object.entries(MODELS))(
    "to %s are answered as alone, by fewer runs",
    async (_, model) => {
      const rows = rowsOf(model.width);
      const alone = await serving(model.bytes, {});
      const wanted: (readonly Tensor[])[] = [];
      for (const row of rows) wanted.push(await ask(alone, row));
      const together = await serving(model.bytes, { max_batch_size: 24 });
      const answers = await Promise.all(rows.map((row) => ask(together, row)));
      for (const [index, outputs] of wanted.entries()) expectSame(answers[index], outputs);
      const page = together.statistics.page("model", "1");
      expect([page.inferenceCount, page.success.count]).toEqual([REQUESTS, REQUESTS]);
      // The 15 that came before there were 16, and 49 in runs of 24.
      expect(page.executionCount).toBe(15 + 3);
      for (const { models } of [alone, together]) models.unload("model", "1");
    },
  );
});
