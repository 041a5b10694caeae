import type { EntityKey, OutcomeValue, PredictionRecord } from "../model/prediction-record.ts";
import type { Result } from "../model/result.ts";
import type { SharedCacheFailure } from "./shared-cache.ts";

type Answer<T> = Promise<Result<T, SharedCacheFailure>>;

/** An entity that is finished, as the predictions on it are to learn. */
export interface Finishing {
  readonly entity: EntityKey;
  /** The entity's, with this outcome: what comes with a lower one than was begun before is late. */
  readonly rev: number;
  readonly value: OutcomeValue;
}

/** Predictions on an entity, by what its outcome is to them: each in one of the four. */
export interface SettleTotals {
  /** They have it, by this or an earlier call. */
  readonly settled: number;
  /** They keep another one, which somebody recorded for themselves. */
  readonly conflicting: number;
  /** It cannot be held against them, such as a class that their model has not. */
  readonly invalid: number;
  /** Not looked at yet. */
  readonly pending: number;
}

/** A prediction that is to be told. */
export interface WaitingPrediction {
  readonly id: string;
  /** Left out: it has expired. */
  readonly record?: PredictionRecord | undefined;
}

/** What is next to be settled. */
export interface SettleStep {
  /** Left out: a later finishing of the entity has begun, and this one is nobody's any more. */
  readonly round?: string | undefined;
  /** As many as were asked for while there are so many; fewer, but one, where they are over 400 KB together. */
  readonly waiting: readonly WaitingPrediction[];
  readonly totals: SettleTotals;
}

export type SettleChange =
  | {
      readonly kind: "set";
      readonly record: PredictionRecord;
      readonly value: OutcomeValue;
      /** ISO 8601. */
      readonly at: string;
      /** What it adds to the counters of the record's group. */
      readonly counters: ReadonlyMap<string, bigint>;
    }
  /** What an earlier outcome of the entity gave it is taken out. */
  | { readonly kind: "invalid"; readonly record: PredictionRecord }
  /** The record has expired. */
  | { readonly kind: "gone"; readonly id: string };

export interface SettledStep {
  /** How many have another outcome than before. */
  readonly changed: number;
  /** False: nothing was done, as a later finishing has begun. */
  readonly isCurrent: boolean;
  readonly totals: SettleTotals;
  /** What is next, as in `SettleStep`. */
  readonly waiting: readonly WaitingPrediction[];
}

/** An entity with predictions that are still to learn what became of it. */
export interface UnsettledEntity {
  readonly entity: EntityKey;
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
}

/**
 * What became of entities on its way to the predictions on them. For each entity that was ever
 * finished the store knows which predictions are still to be told of its present outcome: at
 * another outcome all of them, later each new record from the step on that keeps it. Every step
 * takes out what it has done, so whoever goes on, goes on from there.
 */
export interface SettlingStore {
  /**
   * Begins to settle, or goes on. The same outcome with a higher revision goes on, too; with
   * `again` what conflicted or was invalid is looked at once more, when nothing else is left.
   * One round trip, which takes no longer for an entity with more predictions.
   */
  nextToSettle(
    finishing: Finishing,
    how: { readonly limit: number; readonly again: boolean },
    nowMs: number,
    deadlineMs: number,
  ): Answer<SettleStep>;
  /**
   * Sets outcomes that come from the entity, moving the counters by the difference, each at most
   * once a round; what somebody recorded by hand stays. Up to 100 at once, in one atomic step, which
   * also answers up to `limit` that are next.
   */
  settle(
    settling: { readonly entity: EntityKey; readonly round: string },
    changes: readonly SettleChange[],
    how: { readonly limit: number },
    nowMs: number,
    deadlineMs: number,
  ): Answer<SettledStep>;
  /** Those that have waited longest. One round trip. */
  unsettled(limit: number, deadlineMs: number): Answer<readonly UnsettledEntity[]>;
  /** Takes one from what `unsettled` answers, unless it was put there anew: it is not finished. */
  forgetUnsettled(unsettled: UnsettledEntity, deadlineMs: number): Answer<undefined>;
}
