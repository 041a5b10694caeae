import { startRedisDoor } from "../../test/support/redis-door.ts";
import { startS3Proxy } from "../../test/support/s3-proxy.ts";
import { createRandom, createZipf, referenceHits } from "../../test/support/zipf.ts";
import { addingBody, addingModel } from "../support/adding-model.ts";
import { publish, TOKEN } from "../support/publish.ts";
import type { ScenarioResult } from "../support/result.ts";
import type { Scenario } from "../support/scenario.ts";
import { serveWorker } from "../support/workerd.ts";
import { prepareFreshet } from "../support/workers.ts";

const MODELS = 20;
const INPUTS_PER_MODEL = 1_000;
const FULL_REQUESTS = 100_000;
const QUICK_REQUESTS = 5_000;
const CLIENTS = 16;
/** Room for a few hundred answers of the 20,000 that are asked for. */
const CACHE_BYTES = 256 * 1024;
const MODELS_AT_LEAST = 0.99;
const LRU_WITHIN = 0.01;

/** How often caches have the answer, and how often anybody is asked. */
export const hitRatio: Scenario = {
  name: "hit-ratio",
  summary: "hits a request of a Zipf mix over 20 models: prediction cache, an ideal LRU, sessions",
  async measure(stage, { quick, progress }) {
    const redis = await startRedisDoor();
    const s3 = await startS3Proxy(stage.s3);
    const worker = await prepareFreshet(stage, {
      ...redis.vars,
      S3_ENDPOINT: s3.config.endpoint,
      FRESHET_ADMIN_TOKEN: TOKEN,
      PREDICTION_CACHE_MAX_BYTES: String(CACHE_BYTES),
      CACHE_TTL_MS: "3600000",
    });
    const server = await serveWorker(stage.children, worker);
    try {
      for (let model = 0; model < MODELS; model += 1) {
        await publish(server.url, nameOf(model), addingModel(model));
      }
      const next = createZipf(MODELS * INPUTS_PER_MODEL, createRandom(20_261_125));
      const asked = Array.from({ length: quick ? QUICK_REQUESTS : FULL_REQUESTS }, next);
      const before = await readTiers(server.url);
      const calls = { redis: redis.calls.length, s3: s3.calls.length };
      const sinceMs = performance.now();
      const sessions = await askAll(server.url, asked, progress);
      const seconds = (performance.now() - sinceMs) / 1_000;
      const after = await readTiers(server.url);
      return report({
        asked,
        seconds,
        sessions,
        hits: (after.predictions.hits - before.predictions.hits) / asked.length,
        entries: after.predictions.entries,
        redisCalls: redis.calls.length - calls.redis,
        s3Calls: s3.calls.length - calls.s3,
      });
    } finally {
      await server.stop();
      await s3.stop();
      await redis.stop();
    }
  },
};

const nameOf = (model: number): string => `zipf-${model}`;

/** Neighbours in rank are of different models. */
const questionOf = (one: number) => ({ model: one % MODELS, x: Math.floor(one / MODELS) });

interface Tiers {
  readonly predictions: { readonly hits: number; readonly entries: number };
}

async function readTiers(url: string): Promise<Tiers> {
  const answer = await fetch(`${url}/v1/cache/status`);
  return ((await answer.json()) as { readonly isolate: Tiers }).isolate;
}

/**
 * Asks in order, by several clients.
 * @returns the share that was answered without loading a model
 * @throws at the first answer that is not right
 */
async function askAll(
  url: string,
  asked: readonly number[],
  progress: (line: string) => void,
): Promise<number> {
  let next = 0;
  let loaded = 0;
  async function client(): Promise<void> {
    while (next < asked.length) {
      const one = asked[next] ?? 0;
      next += 1;
      if (next % 20_000 === 0) progress(`${next}/${asked.length} requests`);
      const { model, x } = questionOf(one);
      const answer = await fetch(`${url}/v2/models/${nameOf(model)}/infer`, {
        method: "POST",
        body: addingBody(x),
      });
      const text = await answer.text();
      const y = answer.status === 200 ? JSON.parse(text).outputs[0].data[0] : undefined;
      if (y !== x + model) throw new Error(`${x} of ${nameOf(model)}: ${answer.status} ${text}`);
      if (/model; fwd=miss/.test(answer.headers.get("cache-status") ?? "")) loaded += 1;
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return 1 - loaded / asked.length;
}

interface Measured {
  readonly asked: readonly number[];
  readonly seconds: number;
  readonly sessions: number;
  readonly hits: number;
  readonly entries: number;
  readonly redisCalls: number;
  readonly s3Calls: number;
}

/** @throws when models are loaded anew */
function report({ asked, seconds, sessions, hits, ...rest }: Measured): ScenarioResult {
  if (sessions < MODELS_AT_LEAST) throw new Error(`models were there for ${sessions} of requests`);
  const { entries, redisCalls, s3Calls } = rest;
  const ideal = referenceHits(asked, entries) / asked.length;
  const lru = `LRU of ${entries} entries`;
  return {
    scenario: "hit-ratio",
    unit: "hits/request",
    how: `${asked.length} requests in ${seconds.toFixed(0)} s by ${CLIENTS} clients, over ${MODELS} models with ${INPUTS_PER_MODEL} inputs each, the nth most wanted in proportion to 1/n; a budget of ${CACHE_BYTES / 1024} KiB for predictions. Every answer is checked. Calls are counted at the servers, those of background checks and of filling the caches included.`,
    contenders: [
      { name: lru, values: [ideal], details: { "Redis calls": [0], "S3 calls": [0] } },
      {
        name: "prediction cache",
        against: lru,
        values: [hits],
        details: { "Redis calls": [redisCalls], "S3 calls": [s3Calls] },
      },
      { name: "loaded models", values: [sessions], details: {} },
    ],
    requirement: { contender: "prediction cache", is: "at least", ratio: 1 - LRU_WITHIN },
  };
}
