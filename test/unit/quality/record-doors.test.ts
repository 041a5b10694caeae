import { describe, expect, it } from "vitest";
import { createNodeDigest } from "../../../infra/local/node-digest.ts";
import { createMemoryPredictionStore } from "../../../src/adapters/memory/prediction-store.ts";
import { type Deployment, deploymentSchema } from "../../../src/core/model/deployment.ts";
import { manifestSchema } from "../../../src/core/model/manifest.ts";
import { ok } from "../../../src/core/model/result.ts";
import { makeTensor, type Tensor } from "../../../src/core/model/tensor.ts";
import type { Inference } from "../../../src/core/predict/inference.ts";
import type { RowResult } from "../../../src/core/predict/rows/predict-rows.ts";
import { PredictionRecorder } from "../../../src/core/quality/record-predictions.ts";
import {
  type InferenceToRecord,
  recordInference,
} from "../../../src/core/quality/records/record-inference.ts";
import { recordRows } from "../../../src/core/quality/records/record-rows.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { must } from "../../support/must.ts";

const deploymentOf = (record?: Deployment["record"]): Deployment =>
  deploymentSchema.parse({
    model: "iris",
    rev: 1,
    aliases: { production: { weights: { "1": 100 } } },
    ...(record === undefined ? {} : { record }),
  });

const manifest = manifestSchema.parse({
  schema: 1,
  name: "iris",
  version: "1",
  digest: "d".repeat(64),
  size_bytes: 1,
  created_at: "2026-11-28T10:00:00.000Z",
  task: "classification",
  classes: ["x", "y"],
  inputs: [{ name: "features", datatype: "FP32", shape: [-1, 2] }],
});

const version = { model: "iris", version: "1", digest: manifest.digest, etag: '"e"', manifest };

const inferenceOf = (rows: number): Inference => ({
  loaded: version,
  route: "production:1",
  strategy: "fast",
  modelCache: "hit",
  outputs: [
    makeTensor("label", "INT64", [rows], new BigInt64Array(rows).fill(1n)),
    makeTensor("probabilities", "FP32", [rows, 2], new Float32Array(2 * rows).fill(0.5)),
  ],
  acquireMs: 0,
  runMs: 0,
});

function createSubject() {
  const clock = createManualClock();
  const store = createMemoryPredictionStore(clock);
  const kept: Promise<unknown>[] = [];
  const context = { clock, background: { keep: (work: Promise<unknown>) => void kept.push(work) } };
  const events = { emit: () => undefined };
  const digest = createNodeDigest();
  const recorder = new PredictionRecorder({ predictions: store, digest, clock, events });
  return {
    recorder,
    context,
    atMs: clock.now(),
    async records() {
      await Promise.all(kept.splice(0));
      const { items } = must(await store.list({ model: "iris", limit: 100 }, 1));
      return items.map(({ record }) => record);
    },
  };
}

describe("a prediction of tensors", () => {
  const features = makeTensor("features", "FP32", [1, 2], Float32Array.of(1, 2));

  async function record(more: Partial<InferenceToRecord>) {
    const { recorder, context, atMs, records } = createSubject();
    recordInference(recorder, context, {
      id: "one",
      atMs,
      model: "iris",
      inference: inferenceOf(1),
      inputs: [features],
      deployment: deploymentOf({ rate: 1 }),
      random: () => 0.5,
      ...more,
    });
    return records();
  }

  it("is recorded with its label, probabilities and confidence", async () => {
    const [made] = await record({});
    expect(made).toMatchObject({
      id: "one",
      model: "iris",
      version: "1",
      route: "production:1",
      strategy: "fast",
      tier: "none",
      output: { label: "y", probabilities: { x: 0.5, y: 0.5 } },
      confidence: 0.5,
    });
  });

  describe("whose answer is neither class nor number", () => {
    const outputOf = async (...outputs: readonly Tensor[]) => {
      const { classes: _, ...facts } = manifest;
      const loaded = { ...version, manifest: { ...facts, task: "other" as const, classes: [] } };
      const [made] = await record({ inference: { ...inferenceOf(1), loaded, outputs } });
      return { output: made?.output, omitted: made?.output_omitted };
    };

    it.each<[what: string, tensors: readonly Tensor[], outputs: object]>([
      ["a text", [makeTensor("y", "BYTES", [1], ["grün"])], { y: "grün" }],
      [
        "a vector of INT64",
        [makeTensor("y", "INT64", [1, 2], BigInt64Array.of(2n ** 63n - 1n, -5n))],
        { y: ["9223372036854775807", -5] },
      ],
      [
        "several outputs",
        [
          makeTensor("a", "FP32", [1, 2], Float32Array.of(0.5, Number.NaN)),
          makeTensor("b", "BOOL", [1], Uint8Array.of(1)),
        ],
        { a: [0.5, "NaN"], b: true },
      ],
    ])("keeps it as it was given: %s", async (_what, tensors, outputs) => {
      expect(await outputOf(...tensors)).toEqual({ output: { outputs }, omitted: undefined });
    });

    it("says so where it is too large to be kept", async () => {
      const small = makeTensor("y", "BYTES", [1], ["x".repeat(4_088)]);
      expect(await outputOf(small)).toEqual({
        output: { outputs: { y: small.data[0] } },
        omitted: undefined,
      });
      const omitted = { output: {}, omitted: true };
      expect(await outputOf(makeTensor("y", "BYTES", [1], ["x".repeat(4_089)]))).toEqual(omitted);
      expect(await outputOf(makeTensor("y", "BYTES", [1], ["ü".repeat(2_100)]))).toEqual(omitted);
      const large = makeTensor("y", "FP32", [1, 5_000], new Float32Array(5_000));
      expect(await outputOf(large)).toEqual(omitted);
    });
  });

  it("of a regressor keeps what is no number of JSON as text", async () => {
    const outputOf = async (value: Tensor) => {
      const loaded = { ...version, manifest: { ...manifest, task: "regression" as const } };
      const [made] = await record({ inference: { ...inferenceOf(1), loaded, outputs: [value] } });
      return made?.output;
    };
    const big = makeTensor("y", "INT64", [1, 1], BigInt64Array.of(2n ** 53n + 1n));
    expect(await outputOf(big)).toEqual({ value: 2 ** 53, exact_value: "9007199254740993" });
    const none = makeTensor("y", "FP32", [1, 1], Float32Array.of(Number.NaN));
    expect(await outputOf(none)).toEqual({ exact_value: "NaN" });
  });

  it("is not recorded unless the deployment says so, and then by the rate", async () => {
    expect(await record({ deployment: deploymentOf() })).toEqual([]);
    expect(await record({ deployment: undefined })).toEqual([]);
    expect(await record({ deployment: deploymentOf({ rate: 0.5 }) })).toEqual([]);
    expect(await record({ deployment: deploymentOf({ rate: 0.6 }) })).toHaveLength(1);
  });

  it("of several rows is one record without an output", async () => {
    const [made] = await record({ inference: inferenceOf(3) });
    expect(made).toMatchObject({ rows: 3, output: {} });
  });

  it("answered by another model is of the version that computed it, and of the model that was asked", async () => {
    const by = async (loaded: Partial<Inference["loaded"]>) => {
      const inference = { ...inferenceOf(1), loaded: { ...version, ...loaded } };
      const [made] = await record({ inference: { ...inference, strategy: "premium" } });
      return [made?.model, made?.version, made?.digest];
    };
    expect(await by({ version: "2", digest: "e" })).toEqual(["iris", "2", "e"]);
    expect(await by({ model: "other", version: "2", digest: "e" })).toEqual([
      ...["iris", "other@2", "e"],
    ]);
    expect(await by({ model: "gpt", version: "unknown", digest: "" })).toEqual([
      ...["iris", "gpt@unknown", ""],
    ]);
    // A remote may call itself what it likes.
    expect(await by({ version: "1", digest: "" })).toEqual(["iris", "iris@1", ""]);
  });

  it("from a raw body has the digest of the same tensors in JSON", async () => {
    const [raw] = await record({ inputs: () => ok([features]) });
    const [json] = await record({});
    expect(raw?.input_digest).toBe(json?.input_digest);
  });
});

describe("predictions of rows", () => {
  const answered = (label: string): RowResult => ({
    ok: true,
    answer: { label },
    strategy: "fast",
    tier: "isolate",
  });
  const bad: RowResult = {
    ok: false,
    error: { code: "invalid_row", detail: "no row", path: "rows[1]" },
  };

  async function record(deployment: Deployment | undefined) {
    const { recorder, context, atMs, records } = createSubject();
    await recordRows(recorder, context, {
      atMs,
      open: { version: { ...version, inputs: [], outputs: [] }, route: "production:1" },
      results: [answered("x"), bad, answered("y")],
      ids: ["a", "c"],
      rows: [{ n: 1 }, "no row", { n: 3 }],
      entities: [{ type: "match", id: "1" }, undefined, undefined],
      deployment,
      random: () => 0.5,
    });
    return records();
  }

  it("are recorded by default, those that were answered, each with its own inputs and entity", async () => {
    const made = await record(undefined);
    expect(made.map(({ id, output }) => [id, output.label])).toEqual([
      ["c", "y"],
      ["a", "x"],
    ]);
    expect(made[1]).toMatchObject({ tier: "isolate", entity: { type: "match", id: "1" } });
    expect(made[0]?.input_digest).not.toBe(made[1]?.input_digest);
    expect(made[0]?.inputs).toBeUndefined();
    const logged = await record(deploymentOf({ log_inputs: true }));
    expect(logged[0]?.inputs).toEqual({ n: 3 });
  });

  it("are each of the version that computed it", async () => {
    const { recorder, context, atMs, records } = createSubject();
    const better = (by: { readonly model: string; readonly version: string }, digest: string) => ({
      ...answered("x"),
      ...{ strategy: "premium" as const, by: { ...by, digest } },
    });
    await recordRows(recorder, context, {
      ...{ atMs, deployment: undefined, random: () => 0.5 },
      open: { version: { ...version, inputs: [], outputs: [] }, route: "production:1" },
      results: [
        answered("y"),
        better({ model: "iris", version: "2" }, "e"),
        better({ model: "other", version: "1" }, "f"),
      ],
      ids: ["a", "b", "c"],
      rows: [{ n: 1 }, { n: 2 }, { n: 3 }],
    });
    const made = (await records()).map((one) => [one.id, one.model, one.version, one.digest]);
    expect(made.sort()).toEqual([
      ["a", "iris", "1", version.digest],
      ["b", "iris", "2", "e"],
      ["c", "iris", "other@1", "f"],
    ]);
  });

  it("are not recorded at a rate of 0", async () => {
    expect(await record(deploymentOf({ rate: 0 }))).toEqual([]);
  });
});
