import type { Outcome, PredictionRecord, RecordGroup } from "../model/prediction-record.ts";
import type { Result } from "../model/result.ts";
import type { SettlingStore } from "./settling-store.ts";
import type { SharedCacheFailure } from "./shared-cache.ts";

export type PredictionAnswer<T> = Promise<Result<T, SharedCacheFailure>>;

/** Whole numbers by name, as `Counters` of the metrics. */
type Numbers = ReadonlyMap<string, bigint>;

/** A record to be kept. */
export interface RecordDraft {
  readonly record: PredictionRecord;
  /** What it adds to the counters of its group, once. */
  readonly counters: Numbers;
  /** How long it can be read, in milliseconds. */
  readonly ttlMs: number;
}

/** A record as it is kept, with what is known of it by now. */
export interface KeptPrediction {
  readonly record: PredictionRecord;
  readonly outcome?: Outcome;
  /** From 1; raised by each change of the outcome. */
  readonly rev: number;
}

export interface OutcomeChange {
  readonly record: PredictionRecord;
  readonly outcome: Outcome;
  /** What this outcome adds to the counters of the record's group. */
  readonly counters: Numbers;
  /** Take the place of another value. */
  readonly replace: boolean;
}

export type OutcomeChanged =
  | { readonly kind: "set"; readonly outcome: Outcome; readonly rev: number }
  /** It was there with the same value, and since then. */
  | { readonly kind: "unchanged"; readonly outcome: Outcome; readonly rev: number }
  /** Another value is there. */
  | { readonly kind: "conflict"; readonly outcome: Outcome }
  /** The record has expired meanwhile. */
  | { readonly kind: "absent" };

/** A place in a list: after this record. */
export interface RecordPlace {
  readonly atMs: number;
  readonly id: string;
}

/** The order of lists: newest first, and by id within a millisecond. */
export const newestFirst = (a: RecordPlace, b: RecordPlace): number =>
  b.atMs - a.atMs || (a.id > b.id ? -1 : Number(a.id < b.id));

export interface RecordPage {
  /** Newest first. May be fewer than asked for though there are more: what has expired is left out. */
  readonly items: readonly KeptPrediction[];
  /** Missing when there are no more. */
  readonly next?: RecordPlace;
}

/** The counters of one group, of its records and of their outcomes. */
export interface GroupCounters {
  readonly group: RecordGroup;
  readonly counters: Numbers;
}

/**
 * Records of predictions, their outcomes, and counters of both. Each write is one atomic step,
 * and may be repeated after a lost answer: the counters of a group are at any time what its
 * records and outcomes add, each once.
 *
 * Counters are kept for 400 days after the last record of their group was made, and never less
 * long than any of its records.
 */
export interface PredictionStore extends SettlingStore {
  /**
   * Keeps those that are not there yet, counts them, and answers how many. Up to 500, and 500 KB, at
   * once. One round trip, and one more where some of them were there.
   */
  add(drafts: readonly RecordDraft[], nowMs: number, deadlineMs: number): PredictionAnswer<number>;
  /** In their order, `undefined` for what is not there or has expired. One round trip. */
  get(
    ids: readonly string[],
    deadlineMs: number,
  ): PredictionAnswer<readonly (KeptPrediction | undefined)[]>;
  /**
   * Sets outcomes, in their order, and moves the counters by the difference: what an old one added
   * is taken out, what the new one adds is added. Up to 50 at once, in one round trip; the answers
   * in their order.
   */
  setOutcomes(
    changes: readonly OutcomeChange[],
    nowMs: number,
    deadlineMs: number,
  ): PredictionAnswer<readonly OutcomeChanged[]>;
  /** Of one model, from `fromMs` to `toMs` inclusive. Two round trips. */
  list(
    query: {
      readonly model: string;
      readonly fromMs?: number | undefined;
      readonly toMs?: number | undefined;
      readonly after?: RecordPlace | undefined;
      readonly limit: number;
    },
    deadlineMs: number,
  ): PredictionAnswer<RecordPage>;
  /** Of each group of a model with a day from `fromDay` on, inclusive. One round trip, and one more for each hundred groups. */
  counters(
    model: string,
    fromDay: string,
    deadlineMs: number,
  ): PredictionAnswer<readonly GroupCounters[]>;
  /** Records that were made or changed and are not marked as archived since, the longest waiting first. Two round trips. */
  unarchived(limit: number, deadlineMs: number): PredictionAnswer<readonly KeptPrediction[]>;
  /** Marks those as archived that still have this revision. */
  markArchived(
    archived: readonly { readonly id: string; readonly rev: number }[],
    deadlineMs: number,
  ): PredictionAnswer<undefined>;
}

/** How long counters are kept at least. */
export const COUNTERS_KEPT_MS = 400 * 86_400_000;
