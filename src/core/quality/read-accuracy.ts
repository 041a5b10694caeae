import type { RecordGroup } from "../model/prediction-record.ts";
import { ok, type Result } from "../model/result.ts";
import type { GroupCounters, PredictionStore } from "../ports/prediction-store.ts";
import { type ClassesOf, classesByVersion, orderOf } from "./class-order.ts";
import { addCounters, type Counters, countOf } from "./metrics/counters.ts";
import { type GroupAccuracy, groupAccuracy } from "./metrics/model-metrics.ts";
import { type PredictionStatistics, predictionStatistics } from "./metrics/prediction-counters.ts";
import { type OutcomeFailure, STORE_DEADLINE_MS, unavailable } from "./set-outcome.ts";
import type { Window } from "./window.ts";

/** What predictions may be told apart by. */
export const GROUPINGS = ["version", "strategy", "route", "day"] as const;
export type Grouping = (typeof GROUPINGS)[number];

export interface AccuracyQuery {
  readonly model: string;
  readonly window: Window;
  readonly by: Grouping;
}

type Keyed<T> = { readonly key: string } & T;

/** Body of `GET …/accuracy` and `…/statistics`. */
export interface Grouped<T> {
  readonly model: string;
  /** As it was asked for. */
  readonly window: string;
  readonly by: Grouping;
  readonly groups: readonly Keyed<T>[];
}

/** How often a model's outcomes were known. */
interface Coverage {
  readonly outcomes: number;
  readonly coverage: number;
}

/**
 * How right a model's answers were. Of predictions made within the window; two round trips for up
 * to 100 groups and days.
 * @param classesOf where given, the confusion matrices are in the order of the model's classes; asked for up to 10 versions
 */
export const readAccuracy = (
  predictions: PredictionStore,
  query: AccuracyQuery,
  classesOf?: ClassesOf,
): Promise<Result<Grouped<GroupAccuracy>, OutcomeFailure>> =>
  readGrouped(predictions, query, groupAccuracy, classesOf);

/** What a model answered, whether or not its outcomes are known. Cost as of `readAccuracy`. */
export const readStatistics = (
  predictions: PredictionStore,
  query: AccuracyQuery,
): Promise<Result<Grouped<PredictionStatistics & Coverage>, OutcomeFailure>> =>
  readGrouped(predictions, query, (counters) => {
    const statistics = predictionStatistics(counters);
    const outcomes = countOf(counters, "n");
    const coverage = statistics.predictions === 0 ? 0 : outcomes / statistics.predictions;
    return { ...statistics, outcomes, coverage };
  });

async function readGrouped<T>(
  predictions: PredictionStore,
  { model, window, by }: AccuracyQuery,
  describe: (counters: Counters, classes: readonly string[]) => T,
  classesOf?: ClassesOf,
): Promise<Result<Grouped<T>, OutcomeFailure>> {
  const read = await predictions.counters(model, window.fromDay, STORE_DEADLINE_MS);
  if (!read.ok) return unavailable(read.failure);
  const classes = classesOf ? await classesByVersion(read.value, classesOf) : NOTHING_KNOWN;
  const groups = [...mergeBy(read.value, by)].map(([key, { sums, versions }]) => ({
    key,
    ...describe(sums, orderOf(classes, versions)),
  }));
  groups.sort((a, b) => byKey(a.key, b.key));
  return ok({ model, window: window.text, by, groups });
}

const NOTHING_KNOWN: ReadonlyMap<string, readonly string[]> = new Map();

interface Merged {
  readonly sums: Map<string, bigint>;
  readonly versions: Set<string>;
}

/** Counters of all days and of what is not told apart, added up by key. */
function mergeBy(
  found: readonly GroupCounters[],
  by: keyof RecordGroup,
): ReadonlyMap<string, Merged> {
  const merged = new Map<string, Merged>();
  for (const { group, counters } of found) {
    const key = group[by];
    const { sums, versions } = merged.get(key) ?? { sums: new Map(), versions: new Set() };
    merged.set(key, { sums, versions });
    versions.add(group.version);
    addCounters(sums, counters);
  }
  return merged;
}

/** Versions by number, all else by name. */
const byKey = (a: string, b: string): number =>
  Number(a) - Number(b) || (a < b ? -1 : Number(a > b));
