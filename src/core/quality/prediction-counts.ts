/** The predictions on a finished entity: each in one of the five. */
export interface PredictionCounts {
  /** This call gave them the outcome. */
  readonly settled: number;
  /** They had it before this call looked at them: from an earlier one, or from who wrote their record, once the entity was finished. */
  readonly unchanged: number;
  /** They keep another one, which somebody recorded for themselves. */
  readonly conflicting: number;
  /** It cannot be held against them: their model has no such class, or answers numbers. */
  readonly invalid: number;
  /** Not looked at yet: the same call again goes on with them, and so does the cron. */
  readonly pending: number;
}
