import { parseKeeping } from "../../model/inexact-number.ts";
import type { PredictionRecord, RecordedOutput } from "../../model/prediction-record.ts";
import type { Tensor } from "../../model/tensor.ts";
import { writeJsonData } from "../../model/write-json-data.ts";
import type { RowAnswer } from "../../predict/rows/read-answer.ts";
import { labelOf } from "../metrics/score-outcome.ts";
import { isLargerThan } from "./larger-than.ts";

/** More classes than these are not kept with their probabilities: a record is a few kilobytes. */
const MAX_CLASSES = 1_000;
const MAX_LABEL_CHARACTERS = 256;
/** All outputs that are neither class nor number, as JSON. */
const MAX_OUTPUTS_BYTES = 4 * 1024;

/**
 * The whole answer as it was given, in what JSON can tell again; `output_omitted` where a part of it
 * is too large to be kept. A number that JSON has not, NaN or an integer past 2^53, is text.
 */
export function recordOutput(
  answer: RowAnswer,
): Pick<PredictionRecord, "output" | "output_omitted"> {
  const { value, outputs } = answer;
  const probabilities = answer.probabilities && sharesOf(answer.probabilities);
  const label = labelOf({ label: answer.label, probabilities });
  const isLabelKept = label !== undefined && label.length <= MAX_LABEL_CHARACTERS;
  const named = outputs && outputsOf(outputs);
  const isWhole =
    (label === undefined || isLabelKept) &&
    (answer.probabilities === undefined || probabilities !== undefined) &&
    (outputs === undefined || named !== undefined);
  return {
    output: {
      ...(isLabelKept ? { label } : {}),
      ...(probabilities === undefined ? {} : { probabilities }),
      ...(value === undefined ? {} : numberOf(value)),
      ...(named === undefined ? {} : { outputs: named }),
    },
    ...(isWhole ? {} : { output_omitted: true }),
  };
}

function sharesOf({ classes, values }: NonNullable<RowAnswer["probabilities"]>) {
  const isKept = classes.length <= MAX_CLASSES && values.every(Number.isFinite);
  return isKept
    ? Object.fromEntries(classes.map((name, place) => [name, values[place] ?? 0]))
    : undefined;
}

function numberOf(value: number | bigint): RecordedOutput {
  const number = Number(value);
  const isExact = typeof value === "bigint" ? BigInt(number) === value : Number.isFinite(value);
  return {
    ...(Number.isFinite(number) ? { value: number } : {}),
    ...(isExact ? {} : { exact_value: String(value) }),
  };
}

/** By name, one value or a flat list each, as rows are answered; `undefined` where they are too large. */
function outputsOf(outputs: readonly Tensor[]): RecordedOutput["outputs"] | undefined {
  // An element has a character at least: a large tensor is not written only to be counted.
  const elements = outputs.reduce((sum, { data }) => sum + data.length, 0);
  if (elements > MAX_OUTPUTS_BYTES) return undefined;
  const texts = outputs.map((output) => {
    const data = writeJsonData(output);
    const text = output.data.length === 1 ? data.slice(1, -1) : data;
    return `${JSON.stringify(output.name)}:${text}`;
  });
  const text = `{${texts.join(",")}}`;
  if (isLargerThan(MAX_OUTPUTS_BYTES, text)) return undefined;
  return parseKeeping(text, (written) => written) as Readonly<Record<string, unknown>>;
}
