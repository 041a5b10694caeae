import { whyInexact } from "../../model/inexact-number.ts";
import type {
  OutcomeValue,
  PredictionRecord,
  RecordedOutput,
} from "../../model/prediction-record.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import { addClassification } from "./classification.ts";
import { addTo, type Counters } from "./counters.ts";
import { addRegression } from "./regression.ts";

/** An outcome held against its prediction. */
export interface ScoredOutcome {
  /** As it is kept: a class's name as text, a regression's truth as a number. */
  readonly value: OutcomeValue;
  /** Of classifications: whether the answer was right. */
  readonly correct?: boolean;
  /** What it adds to the counters of the record's group. */
  readonly counters: Counters;
}

export interface InvalidOutcome {
  readonly reason: "outcome_invalid";
  readonly detail: string;
}

/** Squares of larger ones are past a float64; no error of theirs could be told. */
const MAX_VALUE = 1e150;
const MAX_TEXT_CHARACTERS = 256;
const MAX_NAMED = 20;

/** Whether a number can be held against another one: there, finite and up to 1e150. */
export const isScorable = (value: number | undefined): value is number =>
  value !== undefined && Number.isFinite(value) && Math.abs(value) <= MAX_VALUE;

/**
 * Checks an outcome against what was answered and tells what it adds to the counters. The same
 * record and value always give the same.
 *
 * @param classes names of the model's classes, where they are known; probabilities name them, too
 */
export function scoreOutcome(
  { output, confidence, rows = 1 }: Pick<PredictionRecord, "output" | "confidence" | "rows">,
  value: OutcomeValue,
  classes: readonly string[] = [],
): Result<ScoredOutcome, InvalidOutcome> {
  if (rows > 1) {
    return invalid(
      `the prediction answered ${rows} rows at once and has no outcome of its own: ask row by row, or by POST /v1/models/{model}/predict, where each row has an id`,
    );
  }
  if (typeof value === "string" && value.length > MAX_TEXT_CHARACTERS) {
    return invalid(`an outcome has at most ${MAX_TEXT_CHARACTERS} characters`);
  }
  if (typeof value === "string" && value === "") return invalid("an outcome is not empty");
  const label = labelOf(output);
  if (label !== undefined) return scoreLabel({ ...output, label, confidence }, value, classes);
  if (output.value !== undefined) return scoreValue(output.value, value);
  if (typeof value === "number" && !Number.isFinite(value))
    return invalid("it is no finite number");
  return ok({ value, counters: new Map([...counted(), ["unscored", 1n]]) });
}

const counted = () => new Map([["n", 1n]]);

type Labelled = RecordedOutput & {
  readonly label: string;
  readonly confidence?: number | undefined;
};

function scoreLabel(
  answer: Labelled,
  value: OutcomeValue,
  known: readonly string[],
): Result<ScoredOutcome, InvalidOutcome> {
  const truth = String(value);
  const named = Object.keys(answer.probabilities ?? {});
  const classes = named.length > 0 ? named : known;
  if (classes.length > 0 && !classes.includes(truth)) {
    const more = classes.length > MAX_NAMED ? `, and ${classes.length - MAX_NAMED} more` : "";
    return invalid(
      `'${truth.slice(0, 60)}' is not a class of the model: ${classes.slice(0, MAX_NAMED).join(", ")}${more}`,
    );
  }
  const counters = counted();
  addClassification(counters, truth, answer);
  return ok({ value: truth, correct: truth === answer.label, counters });
}

/** The class that was answered: said so, or the one of the largest probability. */
export function labelOf({ label, probabilities }: RecordedOutput): string | undefined {
  if (label !== undefined || probabilities === undefined) return label;
  let best: readonly [name: string, p: number] | undefined;
  for (const entry of Object.entries(probabilities)) {
    if (best === undefined || entry[1] > best[1]) best = entry;
  }
  return best?.[0];
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

function scoreValue(predicted: number, value: OutcomeValue): Result<ScoredOutcome, InvalidOutcome> {
  // A CSV has no numbers, only their text.
  const text = typeof value === "string" && NUMBER.test(value.trim()) ? value.trim() : undefined;
  const truth = text === undefined ? value : Number(text);
  if (typeof truth !== "number" || !isScorable(truth)) {
    return invalid(`the model answers numbers: the outcome must be one, from -1e150 to 1e150`);
  }
  if (text !== undefined && whyInexact(text) !== undefined) {
    return invalid(`past 2^53 '${text.slice(0, 40)}' would lose digits: round it to ${truth}`);
  }
  const counters = counted();
  if (isScorable(predicted)) addRegression(counters, truth, predicted);
  else addTo(counters, "unscored", 1n);
  return ok({ value: truth, counters });
}

const invalid = (detail: string) => fail({ reason: "outcome_invalid", detail });
