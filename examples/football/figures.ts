import type { Result } from "./matches.ts";

/** What was answered for one match, and how it ended. */
export interface Judged {
  readonly label: string;
  readonly probabilities: Readonly<Record<string, number>>;
  readonly truth: Result;
}

export interface Figures {
  readonly accuracy: number;
  readonly f1_macro: number;
  readonly log_loss: number;
  readonly brier: number;
}

const RESULTS: readonly Result[] = ["home", "draw", "away"];

/** The figures of answers, by plain arithmetic and without Freshet: what its own are held against. */
export const figuresOf = (judged: readonly Judged[]): Figures => ({
  accuracy: mean(judged.map(({ label, truth }) => Number(label === truth))),
  f1_macro: mean(RESULTS.map((result) => f1(judged, result))),
  log_loss: mean(judged.map(lossOf)),
  brier: mean(judged.map(brierOf)),
});

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** 0 for a result that is never said, as scikit-learn's with `zero_division=0`. */
function f1(judged: readonly Judged[], result: Result): number {
  const right = judged.filter(({ label, truth }) => label === result && truth === result).length;
  const said = judged.filter(({ label }) => label === result).length;
  const seen = judged.filter(({ truth }) => truth === result).length;
  return (2 * right) / Math.max(1, said + seen);
}

function lossOf({ probabilities, truth }: Judged): number {
  const sum = RESULTS.reduce((total, result) => total + (probabilities[result] ?? 0), 0);
  return -Math.log((probabilities[truth] ?? 0) / sum);
}

const brierOf = ({ probabilities, truth }: Judged): number =>
  RESULTS.reduce(
    (sum, result) => sum + ((probabilities[result] ?? 0) - Number(result === truth)) ** 2,
    0,
  );
