/** Of float64, as scikit-learn's `log_loss` has it for probabilities of that type. */
const EPSILON = 2 ** -52;

type Probabilities = Readonly<Record<string, number>>;

/**
 * −ln of the probability of the truth. As scikit-learn's `log_loss`: each probability is clipped
 * to [ε, 1 − ε] and the row then made to sum to 1, since a float32 softmax does not quite. A truth
 * without a probability counts as ε.
 */
export function logLossOf(probabilities: Probabilities, truth: string): number {
  const clip = (p: number) => Math.min(Math.max(p, EPSILON), 1 - EPSILON);
  const sum = Object.values(probabilities).reduce((total, p) => total + clip(p), 0);
  const given = Object.hasOwn(probabilities, truth) ? (probabilities[truth] ?? 0) : 0;
  return -Math.log(clip(given) / sum);
}

/**
 * Σ over the classes of (p − [class is the truth])²: Brier's own definition, 0 to 2. For two
 * classes it is twice what scikit-learn's `brier_score_loss` says, which looks at one of them.
 */
export function brierOf(probabilities: Probabilities, truth: string): number {
  let sum = Object.hasOwn(probabilities, truth) ? 0 : 1;
  for (const [name, p] of Object.entries(probabilities)) {
    sum += (p - Number(name === truth)) ** 2;
  }
  return sum;
}
