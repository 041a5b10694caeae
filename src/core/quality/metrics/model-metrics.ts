import { type ClassificationMetrics, classificationMetrics } from "./classification.ts";
import { type Counters, countOf } from "./counters.ts";
import { type RegressionMetrics, regressionMetrics } from "./regression.ts";

/** How good the answers of one group were. */
export interface GroupAccuracy {
  /** Outcomes that are known. */
  readonly n: number;
  /** Recorded predictions, with an outcome or without. */
  readonly predictions: number;
  /** `n / predictions`. */
  readonly coverage: number;
  /** Outcomes of answers without a class and without a number from -1e150 to 1e150: past that a square is no float64. */
  readonly unscored?: number;
  readonly metrics: Partial<ClassificationMetrics & RegressionMetrics>;
}

/**
 * Metrics from counters: of whichever kind of outcomes they have.
 * @param order of the classes, where it is known; see `confusionMetrics`
 */
export function groupAccuracy(counters: Counters, order?: readonly string[]): GroupAccuracy {
  const n = countOf(counters, "n");
  const predictions = countOf(counters, "p:n");
  const unscored = countOf(counters, "unscored");
  return {
    n,
    predictions,
    coverage: predictions === 0 ? 0 : n / predictions,
    ...(unscored === 0 ? {} : { unscored }),
    metrics: { ...classificationMetrics(counters, order), ...regressionMetrics(counters) },
  };
}
