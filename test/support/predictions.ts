import type { ServingSettings } from "../../src/compose/serving-core.ts";

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

/** As with `USE_CACHE` off and `PREDICTION_CACHE_MAX_BYTES` 0. */
export const NO_PREDICTIONS: PredictionOptions = { maxBytes: 0, useCache: false };

export const predictionSettingsOf = ({
  maxBytes = 1_000_000,
  useCache = true,
  ttlMs = 60_000,
  staleMs = 300_000,
  redisDeadlineMs = 100,
}: PredictionOptions): Pick<
  ServingSettings,
  "predictionCacheMaxBytes" | "predictionDefaults" | "redisDeadlineMs"
> => ({
  predictionCacheMaxBytes: maxBytes,
  predictionDefaults: { useCache, ttlMs, staleMs },
  redisDeadlineMs,
});
