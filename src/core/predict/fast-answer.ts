import type { CachedPrediction, Landing } from "../cache/cached-prediction.ts";
import type { Landed } from "../cache/single-flight.ts";
import type { ServeFailure } from "../model/failure.ts";
import { andThen, type MaybePromise } from "../model/maybe-promise.ts";
import { ok, type Result } from "../model/result.ts";
import type { ModelCacheOutcome } from "./acquire.ts";
import { hit } from "./answer-kept.ts";
import type { CacheHit, CacheMiss, Inference, Story } from "./inference.ts";
import { isWanted } from "./kept-wish.ts";
import { land, landAnew, redisFor } from "./land-prediction.ts";
import { renewLater } from "./renew-later.ts";

type Answer = Result<Inference, ServeFailure>;

/** How the caches took part in an answer that was to be none of theirs. */
export const UNSTORED: CacheMiss = {
  tier: "none",
  why: "request",
  collapsed: false,
  isolate: true,
  stored: false,
  redis: false,
};

/** The answer of the version itself: kept, or computed. */
export function fast(story: Story, metBy: ModelCacheOutcome | undefined): MaybePromise<Answer> {
  const { caching, key, context, wanted } = story;
  const nowMs = context.clock.now();
  if (wanted !== undefined) return fastWanted(story, metBy, nowMs);
  const kept = caching.policy.isolate ? caching.predictions.get(key, nowMs) : undefined;
  return kept === undefined ? missed(story, metBy) : ok(fastHit(story, "isolate", kept, true));
}

/** As `fast`, for who does not take every kept answer: nothing stale, and nothing too old. */
function fastWanted(
  story: Story,
  metBy: ModelCacheOutcome | undefined,
  nowMs: number,
): MaybePromise<Answer> {
  const { caching, key, wanted } = story;
  const { predictions, policy } = caching;
  const fresh = policy.isolate ? predictions.peekFresh(key, nowMs) : undefined;
  // Another isolate may have a younger one than what is stale here.
  if (fresh === undefined) return missed(story, metBy);
  if (!isWanted(wanted, fresh, nowMs)) return anew(story, metBy);
  return ok(fastHit(story, "isolate", predictions.get(key, nowMs) ?? fresh, true));
}

function fastHit(
  story: Story,
  tier: CacheHit["tier"],
  prediction: CachedPrediction,
  stored: boolean,
): Inference {
  const inference = hit(story, tier, prediction, stored);
  if (inference.cached.ttlMs <= 0) renewLater(story, inference.cached.ageMs);
  return inference;
}

const missed = (story: Story, metBy: ModelCacheOutcome | undefined): MaybePromise<Answer> =>
  andThen(land(story), (landed) => answerLanded(story, landed, metBy));

function answerLanded(
  story: Story,
  { value: outcome, collapsed }: Landed<Result<Landing, ServeFailure>>,
  metBy: ModelCacheOutcome | undefined,
): MaybePromise<Answer> {
  if (!outcome.ok) return outcome;
  const { tier, prediction, stored } = outcome.value;
  const { caching, context, wanted } = story;
  if (tier === "redis") {
    if (!isWanted(wanted, prediction, context.clock.now())) return anew(story, metBy);
    return ok(fastHit(story, tier, prediction, stored));
  }
  const redis = redisFor(story) !== undefined;
  const { isolate } = caching.policy;
  const cached: CacheMiss = { tier, why: "miss", collapsed, isolate, stored, redis };
  return ok(computed(story, outcome.value, cached, metBy));
}

/** The answer of a run made for this request, whatever is kept. */
export async function anew(story: Story, metBy: ModelCacheOutcome | undefined): Promise<Answer> {
  const outcome = await landAnew(story);
  if (!outcome.ok) return outcome;
  const { stored } = outcome.value;
  const cached: CacheMiss = { ...UNSTORED, isolate: story.caching.policy.isolate, stored };
  return ok(computed(story, outcome.value, cached, metBy));
}

function computed(
  { deps, context, sought, route, page, startedMs }: Story,
  { prediction, modelCache, acquireMs, runMs }: Landing,
  cached: CacheMiss,
  metBy: ModelCacheOutcome | undefined,
): Inference {
  const nowMs = context.clock.now();
  if (cached.why === "miss") deps.statistics.missed(page, nowMs - startedMs);
  // The run was counted as the leader's; this request was answered all the same.
  if (cached.collapsed) deps.statistics.joined(page, { totalMs: nowMs - startedMs, nowMs });
  return {
    loaded: sought.version,
    route,
    strategy: prediction.strategy,
    modelCache: metBy ?? modelCache,
    cached,
    outputs: prediction.outputs,
    acquireMs,
    runMs,
  };
}
