import type { CachedPrediction } from "../cache/cached-prediction.ts";
import type { CacheHit, CacheMiss, Inference, Story } from "./inference.ts";

/** A kept answer as it is given, counted. */
export function hit(
  { deps, caching, context, sought, key, route, page, startedMs }: Story,
  tier: CacheHit["tier"],
  prediction: CachedPrediction,
  stored: boolean,
): Inference & { readonly cached: CacheHit } {
  const nowMs = context.clock.now();
  const totalMs = nowMs - startedMs;
  deps.statistics.hit(page, { totalMs, nowMs });
  return {
    loaded: caching.predictions.versions.answering(prediction, sought.version),
    route,
    strategy: prediction.strategy,
    modelCache: "unused",
    cached: {
      tier,
      // Made by an isolate whose clock is ahead, it is of now: no age is below 0 (RFC 9111, section 5.1).
      ageMs: Math.max(0, nowMs - prediction.createdAtMs),
      ttlMs: prediction.freshUntilMs - nowMs,
      // A premium answer is kept here whatever is said of the model's own.
      isolate: stored || caching.policy.isolate,
      stored,
      key,
      prediction,
    },
    outputs: prediction.outputs,
    acquireMs: totalMs,
    runMs: 0,
  };
}

const ANEW: CacheMiss = {
  tier: "none",
  why: "miss",
  collapsed: false,
  isolate: true,
  stored: true,
  redis: false,
};

/** A premium answer that came in time. */
export function arrived(
  { caching, context, sought, route, startedMs }: Story,
  prediction: CachedPrediction,
): Inference {
  return {
    loaded: caching.predictions.versions.answering(prediction, sought.version),
    route,
    strategy: prediction.strategy,
    modelCache: "unused",
    cached: ANEW,
    outputs: prediction.outputs,
    acquireMs: context.clock.now() - startedMs,
    runMs: 0,
  };
}
