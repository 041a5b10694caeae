import type { CachedPrediction } from "../cache/cached-prediction.ts";
import type { PredictionCache } from "../cache/prediction-cache.ts";
import type { PredictionPolicy } from "../cache/prediction-policy.ts";
import type { FlightContext } from "../cache/single-flight.ts";
import type { PremiumStrategy } from "../model/strategies.ts";
import type { CacheHit, InferDeps, Inference } from "./inference.ts";
import type { Sought } from "./seek.ts";
import type { VersionStatistics } from "./statistics.ts";

/** What keeps one model's predictions. */
export interface Caching {
  readonly predictions: PredictionCache;
  readonly policy: PredictionPolicy;
  /** What answers better and slower beside the route's version; missing where there is nothing. */
  readonly strategy?: PremiumStrategy | undefined;
}

/** One request of a model whose predictions are kept, from where it is known what it asks for. */
export interface Story {
  readonly deps: InferDeps;
  readonly caching: Caching;
  readonly context: FlightContext;
  readonly sought: Sought;
  /** Of the answer in the isolate's cache. */
  readonly key: string;
  readonly route: string;
  readonly page: VersionStatistics;
  readonly startedMs: number;
}

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
    loaded: caching.predictions.answeringVersion(prediction, sought.version),
    route,
    strategy: prediction.strategy,
    modelCache: "unused",
    cached: {
      tier,
      ageMs: nowMs - prediction.createdAtMs,
      ttlMs: prediction.freshUntilMs - nowMs,
      stored,
      key,
      prediction,
    },
    outputs: prediction.outputs,
    acquireMs: totalMs,
    runMs: 0,
  };
}
