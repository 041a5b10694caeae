import type { CachedPrediction, Landing } from "../cache/cached-prediction.ts";
import { paysInRedis } from "../cache/prediction-policy.ts";
import type { RedisPredictions } from "../cache/redis-predictions.ts";
import type { Landed } from "../cache/single-flight.ts";
import type { ServeFailure } from "../model/failure.ts";
import type { MaybePromise } from "../model/maybe-promise.ts";
import { ok, type Result } from "../model/result.ts";
import { compute, computeNow } from "./compute.ts";
import { expectedOf } from "./expect-answer.ts";
import type { Inference, Story } from "./inference.ts";

type Outcome = Result<Landing, ServeFailure>;

interface RedisTier {
  readonly redis: RedisPredictions;
  readonly epoch: string;
}

/** Redis, where it is used for this version now; `undefined` while it is known not to answer. */
export function redisFor({ caching, page }: Story): RedisTier | undefined {
  const { predictions, policy } = caching;
  const { redis } = predictions;
  if (redis === undefined || policy.redis === false || redis.isOpen) return undefined;
  if (!paysInRedis(policy, page.computeInfer)) return undefined;
  const { epoch } = predictions;
  return epoch === undefined ? undefined : { redis, epoch };
}

/**
 * Comes by a prediction that the isolate has not: from Redis where it is used, else by a run,
 * once however many requests ask. Without Redis and with the session there it waits for nothing.
 */
export function land(story: Story): MaybePromise<Landed<Outcome>> {
  const { deps, caching, context, sought, key, startedMs } = story;
  const { flights, generation } = caching.predictions;
  if (redisFor(story) !== undefined || flights.has(key)) {
    return flights.join(context, key, () => landOnce(story));
  }
  const now = computeNow(deps, context, sought.request, startedMs);
  // Nothing was waited for: there was nobody to join.
  if (now !== undefined && !(now instanceof Promise)) {
    return { value: kept(story, now, generation), collapsed: false };
  }
  return flights.join(context, key, async () => {
    const answered = (await now) ?? (await compute(deps, context, sought.request, startedMs));
    return kept(story, answered, generation);
  });
}

/** Computes a prediction anew, asking nobody, and keeps it. */
export async function landAnew(story: Story): Promise<Outcome> {
  const { caching, sought } = story;
  const tier = redisFor(story);
  const into = tier && {
    redis: tier.redis,
    key: await caching.predictions.redisKeyOf(tier.epoch, sought.parts),
  };
  return computeAndKeep(story, into);
}

/** Renews a stale prediction: another isolate may have done so, else by a run. */
export async function renew(story: Story): Promise<Outcome> {
  const { caching, context, sought, key } = story;
  const request = { ...sought.request, renews: true };
  const renewal = {
    ...story,
    sought: { ...sought, request },
    startedMs: context.clock.now(),
  };
  const landing = await caching.predictions.flights.join(context, key, () => landOnce(renewal));
  return landing.value;
}

async function landOnce(story: Story): Promise<Outcome> {
  const { caching, context, sought, key } = story;
  const { predictions, policy } = caching;
  // Who followed a leader that died leads at last, and may find that another follower was faster.
  const ready = predictions.peekFresh(key, context.clock.now());
  if (ready !== undefined) return ok(found(story, ready, "none", true));
  const tier = redisFor(story);
  if (tier === undefined) return computeAndKeep(story, undefined);
  const { generation } = predictions;
  const redisKey = await predictions.redisKeyOf(tier.epoch, sought.parts);
  const shared = await tier.redis.get(context, redisKey, expectedOf(story));
  const isUsable =
    shared !== undefined &&
    shared.createdAtMs > predictions.clearedAtMs(sought.version) &&
    (sought.request.renews !== true || context.clock.now() < shared.freshUntilMs);
  if (isUsable) {
    const stored = policy.isolate && predictions.keep(key, shared, generation);
    return ok(found(story, shared, "redis", stored));
  }
  return computeAndKeep(story, { redis: tier.redis, key: redisKey });
}

const found = (
  { context, startedMs }: Story,
  prediction: CachedPrediction,
  tier: Landing["tier"],
  stored: boolean,
): Landing => ({
  prediction,
  tier,
  stored,
  modelCache: tier === "none" ? "collapsed" : "unused",
  acquireMs: context.clock.now() - startedMs,
  runMs: 0,
});

async function computeAndKeep(
  story: Story,
  // Made before the run: what is cleared meanwhile is written where nobody looks any more.
  into: { readonly redis: RedisPredictions; readonly key: string } | undefined,
): Promise<Outcome> {
  const { deps, caching, context, sought, startedMs } = story;
  const { generation } = caching.predictions;
  const answered = await compute(deps, context, sought.request, startedMs);
  const outcome = kept(story, answered, generation);
  if (outcome.ok && into !== undefined) {
    const { prediction } = outcome.value;
    context.background.keep(into.redis.put(context, into.key, prediction, expectedOf(story)));
  }
  return outcome;
}

function kept(
  { caching, sought, key }: Story,
  answered: Result<Inference, ServeFailure>,
  generation: number,
): Outcome {
  if (!answered.ok) return answered;
  const { predictions, policy } = caching;
  const { outputs, modelCache, acquireMs, runMs } = answered.value;
  const prediction = predictions.make({ version: sought.version, outputs, policy });
  const stored = policy.isolate && predictions.keep(key, prediction, generation);
  return ok({ prediction, tier: "none", stored, modelCache, acquireMs, runMs });
}
