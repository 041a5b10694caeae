import type { Deployment } from "../model/deployment.ts";

/** The Worker's own settings: USE_CACHE, CACHE_TTL_MS, CACHE_STALE_MS. */
export interface PredictionDefaults {
  readonly useCache: boolean;
  readonly ttlMs: number;
  readonly staleMs: number;
}

/** How the answers of one model are kept. */
export interface PredictionPolicy {
  readonly isolate: boolean;
  /** `undefined`: where it pays. */
  readonly redis: boolean | undefined;
  readonly ttlMs: number;
  readonly staleMs: number;
}

/** The settings with what the deployment says over them; `undefined` when nothing is kept. */
export function effectivePolicy(
  defaults: PredictionDefaults,
  { cache = {}, policy = {} }: Pick<Deployment, "cache" | "policy">,
  tiers: { readonly isolate: boolean; readonly redis: boolean },
): PredictionPolicy | undefined {
  if (!(policy.use_cache ?? defaults.useCache)) return undefined;
  const isolate = tiers.isolate && cache.isolate !== false;
  const redis = tiers.redis ? cache.redis : false;
  const ttlMs = cache.ttl_ms ?? defaults.ttlMs;
  const staleMs = cache.stale_ms ?? defaults.staleMs;
  if ((!isolate && redis === false) || ttlMs + staleMs === 0) return undefined;
  return { isolate, redis, ttlMs, staleMs };
}

/** By how much of itself a time of freshness is longer or shorter. */
const JITTER = 0.1;

/**
 * How long an answer is fresh: spread, so that what was made together does not end together.
 * @param random 0 ≤ r < 1
 */
export const spreadFreshMs = ({ ttlMs }: Pick<PredictionPolicy, "ttlMs">, random: number): number =>
  Math.round(ttlMs * (1 - JITTER + 2 * JITTER * random));

/** The most that `spreadFreshMs` gives. */
export const longestFreshMs = (policy: Pick<PredictionPolicy, "ttlMs">): number =>
  spreadFreshMs(policy, 1);

/** A run that takes less is made again faster than Redis answers. */
const PAYS_FROM_MS = 5;
const RUNS_TO_BELIEVE = 3;

/**
 * Whether Redis is asked for a model's predictions: what the deployment says; else whether its
 * runs take 5 ms by measure. Where the clock stands still while code computes, as in deployed
 * Workers, nothing is measured and the answer is no: size tells no cost (docs/decisions/0007).
 */
export function paysInRedis(
  { redis }: PredictionPolicy,
  runs: { readonly count: number; readonly ns: number },
): boolean {
  if (redis !== undefined) return redis;
  return runs.count >= RUNS_TO_BELIEVE && runs.ns / runs.count >= PAYS_FROM_MS * 1_000_000;
}
