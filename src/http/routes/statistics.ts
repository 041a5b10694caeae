import type { DurationStatistic, VersionStatistics } from "../../core/predict/statistics.ts";

const NOTHING: DurationStatistic = { count: 0, ns: 0 };

/**
 * One version's counts in the shape of Triton's statistics extension. What
 * Freshet does not queue or split stays at zero.
 */
export const renderStatistics = (page: VersionStatistics) => ({
  name: page.model,
  version: page.version,
  last_inference: page.lastInferenceMs,
  inference_count: page.inferenceCount,
  execution_count: page.executionCount,
  inference_stats: {
    success: page.success,
    fail: page.fail,
    queue: NOTHING,
    compute_input: NOTHING,
    compute_infer: page.computeInfer,
    compute_output: NOTHING,
    cache_hit: page.cacheHit,
    cache_miss: page.cacheMiss,
  },
  batch_stats: [],
});
