import { versionOfClasses } from "../model/computed-version.ts";
import type { OutcomeValue, PredictionRecord } from "../model/prediction-record.ts";
import type { Result } from "../model/result.ts";
import { type InvalidOutcome, type ScoredOutcome, scoreOutcome } from "./metrics/score-outcome.ts";

export interface KnownClasses {
  /** Names of a version's classes; empty where they are not known. Asked only where no probabilities name them. */
  readonly classesOf?: ((model: string, version: string) => Promise<readonly string[]>) | undefined;
}

/** As `scoreOutcome`, with the classes of the record's version where nothing else names them. */
export async function scoreKept(
  { classesOf }: KnownClasses,
  record: PredictionRecord,
  value: OutcomeValue,
): Promise<Result<ScoredOutcome, InvalidOutcome>> {
  const isNamed = record.output.probabilities !== undefined || record.output.label === undefined;
  const classes = isNamed ? [] : await classesOf?.(record.model, versionOfClasses(record));
  return scoreOutcome(record, value, classes);
}
