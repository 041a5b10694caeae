import { createNodeDigest } from "../../infra/local/node-digest.ts";
import {
  PredictionCache,
  type PredictionCacheOptions,
} from "../../src/core/cache/prediction-cache.ts";
import { RedisPredictions } from "../../src/core/cache/redis-predictions.ts";
import type { Clock } from "../../src/core/ports/clock.ts";
import type { Events } from "../../src/core/ports/events.ts";
import type { SharedCache } from "../../src/core/ports/shared-cache.ts";

/** What a test says of the prediction cache; the rest is as in a Worker without settings. */
export interface PredictionOptions {
  readonly maxBytes?: number;
  readonly useCache?: boolean;
  readonly ttlMs?: number;
  readonly staleMs?: number;
  readonly redisDeadlineMs?: number;
  /** 0.5: no jitter. */
  readonly random?: () => number;
}

export interface PredictionSurroundings
  extends Pick<PredictionCacheOptions, "deploymentOf" | "epochOf"> {
  readonly clock: Clock;
  readonly events: Events;
  readonly sharedCache: SharedCache | undefined;
}

/** As compose wires it. */
export function predictionsOf(
  {
    maxBytes = 1_000_000,
    useCache = true,
    ttlMs = 60_000,
    staleMs = 300_000,
    redisDeadlineMs = 100,
    random = () => 0.5,
  }: PredictionOptions,
  { sharedCache, ...around }: PredictionSurroundings,
): PredictionCache {
  const { clock, events } = around;
  return new PredictionCache({
    ...around,
    maxBytes,
    defaults: { useCache, ttlMs, staleMs },
    redis:
      sharedCache &&
      new RedisPredictions({ sharedCache, deadlineMs: redisDeadlineMs, clock, events }),
    digest: createNodeDigest(),
    random,
  });
}
