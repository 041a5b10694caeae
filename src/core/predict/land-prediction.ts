import type { CachedPrediction, Landing } from "../cache/cached-prediction.ts";
import type { PredictionCache } from "../cache/prediction-cache.ts";
import { type PredictionPolicy, paysInRedis } from "../cache/prediction-policy.ts";
import type { RedisPredictions } from "../cache/redis-predictions.ts";
import type { FlightContext, Landed } from "../cache/single-flight.ts";
import type { ServeFailure } from "../model/failure.ts";
import type { MaybePromise } from "../model/maybe-promise.ts";
import { ok, type Result } from "../model/result.ts";
import { compute, computeNow } from "./compute.ts";
import type { InferDeps, Inference } from "./inference.ts";
import type { Sought } from "./seek.ts";

/** What keeps one model's predictions. */
export interface Caching {
  readonly predictions: PredictionCache;
  readonly policy: PredictionPolicy;
}

type Outcome = Result<Landing, ServeFailure>;

interface RedisTier {
  readonly redis: RedisPredictions;
  readonly epoch: string;
}

/** Redis, where it is used for this version now; `undefined` while it is known not to answer. */
export function redisFor(
  { statistics }: InferDeps,
  { predictions, policy }: Caching,
  { version }: Sought,
): RedisTier | undefined {
  const { redis } = predictions;
  if (redis === undefined || policy.redis === false || redis.isOpen) return undefined;
  const { computeInfer } = statistics.page(version.model, version.version);
  if (!paysInRedis(policy, computeInfer)) return undefined;
  const { epoch } = predictions;
  return epoch === undefined ? undefined : { redis, epoch };
}

/**
 * Comes by a prediction that the isolate has not: from Redis where it is used, else by a run,
 * once however many requests ask. Without Redis and with the session there it waits for nothing.
 */
export function land(
  deps: InferDeps,
  caching: Caching,
  context: FlightContext,
  sought: Sought,
  key: string,
  startedMs: number,
): MaybePromise<Landed<Outcome>> {
  const { flights } = caching.predictions;
  const redis = redisFor(deps, caching, sought);
  if (redis !== undefined || flights.has(key)) {
    return flights.join(context, key, () =>
      landOnce(deps, caching, context, sought, key, startedMs),
    );
  }
  const { generation } = caching.predictions;
  const now = computeNow(deps, context, sought.request, startedMs);
  // Nothing was waited for: there was nobody to join.
  if (now !== undefined && !(now instanceof Promise)) {
    return { value: kept(caching, sought, key, now, generation), collapsed: false };
  }
  return flights.join(context, key, async () => {
    const answered = (await now) ?? (await compute(deps, context, sought.request, startedMs));
    return kept(caching, sought, key, answered, generation);
  });
}

/** Computes a prediction anew, asking nobody, and keeps it. */
export async function landAnew(
  deps: InferDeps,
  caching: Caching,
  context: FlightContext,
  sought: Sought,
  key: string,
  startedMs: number,
): Promise<Outcome> {
  const tier = redisFor(deps, caching, sought);
  const into = tier && {
    redis: tier.redis,
    key: await caching.predictions.redisKeyOf(tier.epoch, sought.parts),
  };
  return computeAndKeep(deps, caching, context, sought, key, startedMs, into);
}

/** Renews a stale prediction: another isolate may have done so, else by a run. */
export async function renew(
  deps: InferDeps,
  caching: Caching,
  context: FlightContext,
  sought: Sought,
  key: string,
): Promise<Outcome> {
  const startedMs = context.clock.now();
  const request = { ...sought.request, renews: true };
  const landing = await caching.predictions.flights.join(context, key, () =>
    landOnce(deps, caching, context, { ...sought, request }, key, startedMs),
  );
  return landing.value;
}

async function landOnce(
  deps: InferDeps,
  caching: Caching,
  context: FlightContext,
  sought: Sought,
  key: string,
  startedMs: number,
): Promise<Outcome> {
  const { predictions, policy } = caching;
  // Who followed a leader that died leads at last, and may find that another follower was faster.
  const ready = predictions.peekFresh(key, context.clock.now());
  if (ready !== undefined) return ok(found(context, ready, "none", true, startedMs));
  const tier = redisFor(deps, caching, sought);
  if (tier === undefined) {
    return computeAndKeep(deps, caching, context, sought, key, startedMs, undefined);
  }
  const { generation } = predictions;
  const { version, outputs } = sought;
  const redisKey = await predictions.redisKeyOf(tier.epoch, sought.parts);
  const shared = await tier.redis.get(context, redisKey, {
    digest: version.digest,
    outputs: outputs.flatMap((name) => version.outputs.find((spec) => spec.name === name) ?? []),
  });
  const isUsable =
    shared !== undefined &&
    (sought.request.renews !== true || context.clock.now() < shared.freshUntilMs);
  if (isUsable) {
    const stored = policy.isolate && predictions.keep(key, shared, generation);
    return ok(found(context, shared, "redis", stored, startedMs));
  }
  return computeAndKeep(deps, caching, context, sought, key, startedMs, {
    redis: tier.redis,
    key: redisKey,
  });
}

const found = (
  { clock }: FlightContext,
  prediction: CachedPrediction,
  tier: Landing["tier"],
  stored: boolean,
  startedMs: number,
): Landing => ({
  prediction,
  tier,
  stored,
  modelCache: tier === "none" ? "collapsed" : "unused",
  acquireMs: clock.now() - startedMs,
  runMs: 0,
});

async function computeAndKeep(
  deps: InferDeps,
  caching: Caching,
  context: FlightContext,
  sought: Sought,
  key: string,
  startedMs: number,
  // Made before the run: what is cleared meanwhile is written where nobody looks any more.
  into: { readonly redis: RedisPredictions; readonly key: string } | undefined,
): Promise<Outcome> {
  const { generation } = caching.predictions;
  const answered = await compute(deps, context, sought.request, startedMs);
  const outcome = kept(caching, sought, key, answered, generation);
  if (outcome.ok && into !== undefined) {
    context.background.keep(into.redis.put(context, into.key, outcome.value.prediction));
  }
  return outcome;
}

function kept(
  { predictions, policy }: Caching,
  { version }: Sought,
  key: string,
  answered: Result<Inference, ServeFailure>,
  generation: number,
): Outcome {
  if (!answered.ok) return answered;
  const { outputs, modelCache, acquireMs, runMs } = answered.value;
  const prediction = predictions.make({ version, outputs, policy });
  const stored = policy.isolate && predictions.keep(key, prediction, generation);
  return ok({ prediction, tier: "none", stored, modelCache, acquireMs, runMs });
}
