import { addTo, type Counters, underPrefix } from "./counters.ts";

/** How one class fares; a share of nothing is 0, as scikit-learn's `zero_division=0`. */
export interface ClassMetrics {
  /** Of the answers that named it, those that were right. */
  readonly precision: number;
  /** Of those that were it, the ones that were named so. */
  readonly recall: number;
  readonly f1: number;
  /** Outcomes of this class. */
  readonly support: number;
}

export interface ConfusionMetrics {
  /** Outcomes of answers with a label: what all of these are made of. */
  readonly n_labels: number;
  readonly accuracy: number;
  /** Unweighted means over the classes that are in answers or outcomes. */
  readonly precision_macro: number;
  readonly recall_macro: number;
  readonly f1_macro: number;
  readonly classes: Readonly<Record<string, ClassMetrics>>;
  /** Rows are truths, columns answers, both in the order of `labels`. */
  readonly confusion_matrix: {
    readonly labels: readonly string[];
    readonly matrix: readonly (readonly number[])[];
  };
}

const PREFIX = "cm:";

/** Counts one pair of truth and answer. */
export function addConfusion(into: Map<string, bigint>, truth: string, label: string): void {
  addTo(into, PREFIX + JSON.stringify([truth, label]), 1n);
}

/** Whether any pair was counted. */
export const hasLabels = (counters: Counters): boolean =>
  underPrefix(counters, PREFIX).next().done !== true;

/**
 * `undefined` where no pair was counted.
 * @param order of the classes, as the model has them. Those that are in neither answers nor
 * outcomes are left out, those that are not in it come last, by number and then by word
 */
export function confusionMetrics(
  counters: Counters,
  order: readonly string[] = [],
): ConfusionMetrics | undefined {
  const pairs = [...underPrefix(counters, PREFIX)].map(([pair, count]) => {
    const [truth, label] = JSON.parse(pair) as [string, string];
    return { truth, label, count };
  });
  if (pairs.length === 0) return undefined;
  const labels = inOrder(order, new Set(pairs.flatMap(({ truth, label }) => [truth, label])));
  const at = new Map(labels.map((label, index) => [label, index]));
  const matrix = labels.map(() => new Array<number>(labels.length).fill(0));
  for (const { truth, label, count } of pairs) {
    const row = matrix[at.get(truth) ?? -1];
    if (row !== undefined) row[at.get(label) ?? -1] = count;
  }
  const classes = labels.map((label, index) => [label, classMetrics(matrix, index)] as const);
  const n = sum(pairs.map(({ count }) => count));
  return {
    n_labels: n,
    accuracy: share(sum(matrix.map((row, index) => row[index] ?? 0)), n),
    precision_macro: mean(classes.map(([, { precision }]) => precision)),
    recall_macro: mean(classes.map(([, { recall }]) => recall)),
    f1_macro: mean(classes.map(([, { f1 }]) => f1)),
    classes: Object.fromEntries(classes),
    confusion_matrix: { labels, matrix },
  };
}

function classMetrics(matrix: readonly (readonly number[])[], index: number): ClassMetrics {
  const hits = matrix[index]?.[index] ?? 0;
  const support = sum(matrix[index] ?? []);
  const named = sum(matrix.map((row) => row[index] ?? 0));
  return {
    precision: share(hits, named),
    recall: share(hits, support),
    f1: share(2 * hits, named + support),
    support,
  };
}

function inOrder(order: readonly string[], seen: ReadonlySet<string>): readonly string[] {
  const known = [...new Set(order)].filter((label) => seen.has(label));
  const others = new Set(seen);
  for (const label of known) others.delete(label);
  return [...known, ...[...others].sort(byName)];
}

/** Numbers before words and by size: class names are often numbers, and `10` belongs after `9`. */
function byName(a: string, b: string): number {
  const [x, y] = [Number(a), Number(b)];
  if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
  return x - y || (a < b ? -1 : Number(a > b));
}

const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

const sum = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0);

const mean = (values: readonly number[]): number => share(sum(values), values.length);
