import type { CachedPrediction } from "../../cache/cached-prediction.ts";
import type { KnownVersion } from "../../cache/known-versions.ts";
import type { PredictionCache } from "../../cache/prediction-cache.ts";
import type { PredictionPolicy } from "../../cache/prediction-policy.ts";
import type { Tensor } from "../../model/tensor.ts";
import type { CacheMiss, InferDeps } from "../inference.ts";
import { isWanted, keptWishOf } from "../kept-wish.ts";
import type { OpenRows } from "./open-rows.ts";

/** The isolate's kept answers to rows of one version. */
export interface Keeping {
  readonly predictions: PredictionCache;
  readonly policy: PredictionPolicy;
  readonly version: KnownVersion;
  /** A premium answer that is kept; asks for none. */
  premium(key: string): CachedPrediction | undefined;
}

/**
 * Where the isolate keeps answers of rows. Redis is for single rows: a command for each would
 * cost more than a run.
 */
export function keepingOf(
  { predictions, premium }: InferDeps,
  { version, policy, strategy }: OpenRows,
): Keeping | undefined {
  if (predictions === undefined || policy === undefined) return undefined;
  if (!policy.isolate && strategy === undefined) return undefined;
  const known = predictions.versions.find(version.model, version.version);
  if (known?.digest !== version.digest) return undefined;
  return {
    predictions,
    policy,
    version: known,
    premium: (key) => strategy && premium?.kept(key, strategy),
  };
}

/** How the caches took part in an answer of which no row was kept; `undefined` where none is kept. */
export function missOf(
  { request: { cacheWish, keeps } }: OpenRows,
  keeping: Keeping | undefined,
): CacheMiss | undefined {
  if (keeping === undefined) return undefined;
  const { isolate } = keeping.policy;
  const why = cacheWish === "no-cache" ? "request" : "miss";
  const stored = keeps && isolate;
  return { tier: "none", why, collapsed: false, isolate, stored, redis: false };
}

/** A row that must run. */
export interface WantedRow {
  readonly tensors: readonly Tensor[];
  /** `undefined` where nothing is kept. */
  readonly key: string | undefined;
  /** Past its time: answered only when it cannot be made anew. */
  readonly stale: CachedPrediction | undefined;
  /** Rows with this input. */
  readonly places: number[];
}

/** What a look at the kept answers came to. */
export interface Looked {
  /** By the row's place. */
  readonly kept: ReadonlyMap<number, CachedPrediction>;
  readonly wanted: readonly WantedRow[];
}

/**
 * Looks for the answers of rows; of equal rows without one the first stands for all.
 * @param rows by place; `undefined` for one that is not asked
 */
export async function lookUpRows(
  open: OpenRows,
  keeping: Keeping | undefined,
  rows: readonly (readonly Tensor[] | undefined)[],
  nowMs: number,
): Promise<Looked> {
  const kept = new Map<number, CachedPrediction>();
  const wanted: WantedRow[] = [];
  const byKey = new Map<string, WantedRow>();
  for (const [place, tensors] of rows.entries()) {
    if (tensors === undefined) continue;
    const keyed = keeping && keyOf(keeping, tensors);
    const key = keyed instanceof Promise ? await keyed : keyed;
    const equal = key === undefined ? undefined : byKey.get(key);
    if (equal !== undefined) {
      equal.places.push(place);
      continue;
    }
    const found = key === undefined ? undefined : findWanted(open, keeping, key, nowMs);
    if (found !== undefined && (nowMs < found.freshUntilMs || found.strategy === "premium")) {
      kept.set(place, found);
      continue;
    }
    const row: WantedRow = { tensors, key, stale: found, places: [place] };
    wanted.push(row);
    if (key !== undefined) byKey.set(key, row);
  }
  return { kept, wanted };
}

function findWanted(
  { request: { cacheWish } }: OpenRows,
  keeping: Keeping | undefined,
  key: string,
  nowMs: number,
): CachedPrediction | undefined {
  if (cacheWish === "no-cache" || cacheWish === "no-store") return undefined;
  const found = findKept(keeping, key, nowMs);
  return found !== undefined && isWanted(keptWishOf(cacheWish), found, nowMs) ? found : undefined;
}

/** A premium answer before a fast one; within its stale time it is better than a fresh fast one. */
function findKept(
  keeping: Keeping | undefined,
  key: string,
  nowMs: number,
): CachedPrediction | undefined {
  const premium = keeping?.premium(key);
  if (premium !== undefined) return premium;
  return keeping?.policy.isolate === true ? keeping.predictions.get(key, nowMs) : undefined;
}

const keyOf = (
  { predictions, version }: Keeping,
  inputs: readonly Tensor[],
): string | Promise<string> =>
  predictions.keyOf({ prefix: version.keyPrefix, outputs: version.allOutputsKey, inputs });

/** Keeps one row's answer, unless the cache was cleared since `generation`. */
export function keepRow(
  { predictions, version, policy }: Keeping,
  key: string,
  outputs: readonly Tensor[],
  generation: number,
): void {
  if (!policy.isolate) return;
  predictions.keep(key, predictions.make({ version, outputs, policy }), generation);
}
