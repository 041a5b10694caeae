import { addTo, type Counters, countOf } from "./counters.ts";
import {
  addExact,
  exactOf,
  exactSquare,
  readExact,
  sumOf,
  sumOfSquaredDeviations,
} from "./exact-sum.ts";

export interface RegressionMetrics {
  /** Outcomes of answers with a number: what all of these are made of. */
  readonly n_values: number;
  /** Mean absolute error. */
  readonly mae: number;
  /** Root of the mean squared error. */
  readonly rmse: number;
  /**
   * 1 − Σ(y − ŷ)² / Σ(y − ȳ)², as scikit-learn's `r2_score`: with truths that are all equal it is
   * 1 for a perfect answer and else 0. Missing with fewer than two outcomes.
   */
  readonly r2?: number;
}

/** What one outcome adds. Both values must be finite. */
export function addRegression(into: Map<string, bigint>, truth: number, predicted: number): void {
  const error = truth - predicted;
  addTo(into, "rn", 1n);
  addExact(into, "ae", exactOf(Math.abs(error)));
  addExact(into, "se", exactSquare(error));
  addExact(into, "y", exactOf(truth));
  addExact(into, "yy", exactSquare(truth));
}

/** Metrics of all outcomes that were added; `undefined` where there is none. */
export function regressionMetrics(counters: Counters): RegressionMetrics | undefined {
  const n = countOf(counters, "rn");
  if (n === 0) return undefined;
  const squaredErrors = sumOf(counters, "se");
  const spread = sumOfSquaredDeviations(readExact(counters, "y"), readExact(counters, "yy"), n);
  const r2 = spread === 0 ? Number(squaredErrors === 0) : 1 - squaredErrors / spread;
  return {
    n_values: n,
    mae: sumOf(counters, "ae") / n,
    rmse: Math.sqrt(squaredErrors / n),
    ...(n < 2 ? {} : { r2 }),
  };
}
