import { addCalibration, type Calibration, readCalibration } from "./calibration.ts";
import { addConfusion, type ConfusionMetrics, confusionMetrics } from "./confusion.ts";
import { addTo, type Counters, countOf } from "./counters.ts";
import { addExact, exactOf, sumOf } from "./exact-sum.ts";
import { brierOf, logLossOf } from "./probability-scores.ts";

/** What of an answer is held against the truth. */
export interface ClassifiedAnswer {
  readonly label: string;
  readonly probabilities?: Readonly<Record<string, number>> | undefined;
  readonly confidence?: number | undefined;
}

export interface ClassificationMetrics extends ConfusionMetrics {
  /** Outcomes of answers with probabilities: what `log_loss` and `brier` are the means of. */
  readonly n_probabilities: number;
  /** Of answers with probabilities: the mean of −ln p(truth); see `logLossOf`. */
  readonly log_loss?: number;
  /** Of answers with probabilities: the mean sum of squared differences over all classes, 0 to 2. */
  readonly brier?: number;
  /** Where every answer had two classes: half of `brier`, as scikit-learn's function of this name. */
  readonly brier_score_loss?: number;
  readonly calibration?: Calibration;
}

/** What one outcome adds. */
export function addClassification(
  into: Map<string, bigint>,
  truth: string,
  { label, probabilities, confidence }: ClassifiedAnswer,
): void {
  addConfusion(into, truth, label);
  if (probabilities !== undefined) {
    addTo(into, "pn", 1n);
    if (Object.keys(probabilities).length === 2) addTo(into, "p2", 1n);
    addExact(into, "ll", exactOf(logLossOf(probabilities, truth)));
    addExact(into, "br", exactOf(brierOf(probabilities, truth)));
  }
  if (confidence !== undefined) addCalibration(into, confidence, truth === label);
}

/**
 * Metrics of all outcomes that were added; `undefined` where there is none.
 * @param order of the classes, where it is known; see `confusionMetrics`
 */
export function classificationMetrics(
  counters: Counters,
  order: readonly string[] = [],
): ClassificationMetrics | undefined {
  const confusion = confusionMetrics(counters, order);
  if (confusion === undefined) return undefined;
  const calibration = readCalibration(counters);
  return {
    ...confusion,
    ...probabilityMetrics(counters),
    ...(calibration === undefined ? {} : { calibration }),
  };
}

function probabilityMetrics(counters: Counters) {
  const n = countOf(counters, "pn");
  if (n === 0) return { n_probabilities: 0 };
  const brier = sumOf(counters, "br") / n;
  const isBinary = countOf(counters, "p2") === n;
  return {
    n_probabilities: n,
    log_loss: sumOf(counters, "ll") / n,
    brier,
    ...(isBinary ? { brier_score_loss: brier / 2 } : {}),
  };
}
