import type { Figures } from "./figures.ts";

/** What Freshet says of one version. */
export interface TheAccuracy {
  /** Outcomes that are known. */
  readonly n: number;
  readonly metrics: Figures & {
    readonly n_probabilities: number;
    /** Rows are truths, columns answers. */
    readonly confusion_matrix: {
      readonly labels: readonly string[];
      readonly matrix: readonly (readonly number[])[];
    };
  };
}

/**
 * Freshet's accuracy of what was judged since `before`. It counts whoever predicts with the model,
 * and only adds: so what was counted before can be taken out again.
 * @param before none: nothing had been judged
 */
export function accuracySince(after: TheAccuracy, before: TheAccuracy | undefined): Figures {
  if (before === undefined || before.n === 0) return after.metrics;
  const { labels, matrix } = differenceOf(after, before);
  const classes = [...labels.keys()].filter((at) => said(matrix, at) + seen(matrix, at) > 0);
  const right = sum(labels.map((_, at) => matrix[at]?.[at] ?? 0));
  return {
    accuracy: right / sum(matrix.flat()),
    f1_macro: sum(classes.map((at) => f1(matrix, at))) / classes.length,
    log_loss: meanSince("log_loss", after, before),
    brier: meanSince("brier", after, before),
  };
}

function differenceOf({ metrics: after }: TheAccuracy, { metrics: before }: TheAccuracy) {
  const { labels, matrix } = after.confusion_matrix;
  const places = labels.map((label) => before.confusion_matrix.labels.indexOf(label));
  const earlier = (row: number, column: number): number =>
    before.confusion_matrix.matrix[places[row] ?? -1]?.[places[column] ?? -1] ?? 0;
  const rest = matrix.map((row, at) => row.map((count, to) => count - earlier(at, to)));
  return { labels, matrix: rest };
}

function meanSince(
  name: "log_loss" | "brier",
  { metrics: after }: TheAccuracy,
  { metrics: before }: TheAccuracy,
): number {
  const total = (of: TheAccuracy["metrics"]): number =>
    of.n_probabilities === 0 ? 0 : of[name] * of.n_probabilities;
  return (total(after) - total(before)) / (after.n_probabilities - before.n_probabilities);
}

type Matrix = readonly (readonly number[])[];

const f1 = (matrix: Matrix, at: number): number =>
  (2 * (matrix[at]?.[at] ?? 0)) / (said(matrix, at) + seen(matrix, at));

const said = (matrix: Matrix, at: number): number => sum(matrix.map((row) => row[at] ?? 0));

const seen = (matrix: Matrix, at: number): number => sum(matrix[at] ?? []);

const sum = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0);
