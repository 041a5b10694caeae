import type { PredictionRecord } from "../../model/prediction-record.ts";
import { addTo, type Counters, countOf, underPrefix } from "./counters.ts";
import {
  addExact,
  exactOf,
  exactSquare,
  readExact,
  sumOf,
  sumOfSquaredDeviations,
} from "./exact-sum.ts";
import { isScorable } from "./score-outcome.ts";

/** Bins of the confidence. An answer is taken for the middle of its bin: off by half a bin at most. */
const BINS = 100;
/** How far a quantile of the confidence may be from the one of the answers themselves. */
export const QUANTILE_ERROR = 1 / (2 * BINS);

const QUANTILES = { p05: 0.05, p25: 0.25, p50: 0.5, p75: 0.75, p95: 0.95 } as const;

/** What is known of predictions without any outcome. */
export interface PredictionStatistics {
  readonly predictions: number;
  /** Share that was answered from a cache. */
  readonly cached_share: number;
  /** By where the answer was kept. */
  readonly tiers: Readonly<Record<string, number>>;
  /**
   * Of classifications with probabilities. A quantile q is at place q·(n − 1) of the confidences
   * by size, between two of them in proportion (definition 7 of Hyndman and Fan, 1996, and what
   * numpy and pandas do unless told). `error`: how far it may be off.
   */
  readonly confidence?: { readonly n: number; readonly error: number } & Readonly<
    Record<keyof typeof QUANTILES, number>
  >;
  /** How often each class was answered. */
  readonly labels?: Readonly<Record<string, number>>;
  /** Of regressions; `sd` is that of a sample (n − 1). */
  readonly values?: { readonly n: number; readonly mean: number; readonly sd?: number };
}

/** What one record adds when it is made. */
export function predictionCounters({ output, confidence, tier }: PredictionRecord): Counters {
  const counters = new Map<string, bigint>();
  addTo(counters, "p:n", 1n);
  addTo(counters, `p:tier:${tier}`, 1n);
  if (output.label !== undefined) addTo(counters, `p:label:${output.label}`, 1n);
  if (confidence !== undefined) {
    const bin = Math.min(BINS - 1, Math.max(0, Math.floor(confidence * BINS)));
    addTo(counters, `p:conf:${bin}`, 1n);
  }
  if (isScorable(output.value)) {
    addTo(counters, "p:vn", 1n);
    addExact(counters, "p:v", exactOf(output.value));
    addExact(counters, "p:vv", exactSquare(output.value));
  }
  return counters;
}

/** Statistics of all records that were counted. */
export function predictionStatistics(counters: Counters): PredictionStatistics {
  const predictions = countOf(counters, "p:n");
  const tiers = Object.fromEntries(underPrefix(counters, "p:tier:"));
  const labels = Object.fromEntries(underPrefix(counters, "p:label:"));
  const confidence = confidenceOf(counters);
  const values = valuesOf(counters);
  const cached = predictions - countOf(counters, "p:tier:none");
  return {
    predictions,
    cached_share: predictions === 0 ? 0 : cached / predictions,
    tiers,
    ...(confidence === undefined ? {} : { confidence }),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    ...(values === undefined ? {} : { values }),
  };
}

function confidenceOf(counters: Counters): PredictionStatistics["confidence"] {
  const bins = new Array<number>(BINS).fill(0);
  for (const [bin, count] of underPrefix(counters, "p:conf:")) bins[Number(bin)] = count;
  const n = bins.reduce((sum, count) => sum + count, 0);
  if (n === 0) return undefined;
  const quantile = (q: number) => between(bins, q * (n - 1));
  const { p05, p25, p50, p75, p95 } = QUANTILES;
  return {
    n,
    error: QUANTILE_ERROR,
    p05: quantile(p05),
    p25: quantile(p25),
    p50: quantile(p50),
    p75: quantile(p75),
    p95: quantile(p95),
  };
}

/**
 * What is at a place between two answers by size. Both are taken for the middles of their bins, so
 * each is off by half a bin at most, and so is what lies between them.
 */
function between(bins: readonly number[], place: number): number {
  const lower = Math.floor(place);
  const [low, high] = [middleOfBin(bins, lower), middleOfBin(bins, Math.ceil(place))];
  return low + (place - lower) * (high - low);
}

/** The middle of the bin that the answer of this rank (from 0, by size) lies in. */
function middleOfBin(bins: readonly number[], rank: number): number {
  let below = 0;
  for (const [bin, count] of bins.entries()) {
    below += count;
    if (below > rank) return (bin + 0.5) / BINS;
  }
  return 1 - 0.5 / BINS;
}

function valuesOf(counters: Counters): PredictionStatistics["values"] {
  const n = countOf(counters, "p:vn");
  if (n === 0) return undefined;
  const mean = sumOf(counters, "p:v") / n;
  if (n === 1) return { n, mean };
  const squares = sumOfSquaredDeviations(
    readExact(counters, "p:v"),
    readExact(counters, "p:vv"),
    n,
  );
  return { n, mean, sd: Math.sqrt(squares / (n - 1)) };
}
