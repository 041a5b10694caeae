import { hashKey, keyPrefix } from "../../cache/prediction-key.ts";
import { isObject } from "../../model/is-object.ts";
import type { MaybePromise } from "../../model/maybe-promise.ts";
import type { EntityKey, PredictionRecord, RecordedOutput } from "../../model/prediction-record.ts";
import { makeTensor, type Tensor } from "../../model/tensor.ts";
import { writeJsonTensors } from "../../model/write-json-data.ts";
import type { Digest } from "../../ports/digest.ts";
import type { RowAnswer } from "../../predict/rows/read-answer.ts";
import { labelOf } from "../metrics/score-outcome.ts";
import type { RecordPolicy } from "./record-policy.ts";

/** More classes than these are not kept with their probabilities: a record is a few kilobytes. */
const MAX_CLASSES = 1_000;
const MAX_LABEL_CHARACTERS = 256;
const MAX_INPUTS_CHARACTERS = 32 * 1024;

/** What went in: tensors, or a row as the caller wrote it. */
export type GivenInputs = { readonly tensors: readonly Tensor[] } | { readonly row: unknown };

/** What came out, in words of the model's task; of several rows only how many they were. */
export type GivenAnswer = RowAnswer | { readonly rows: number };

/** An answered prediction, as cheap to hand over as may be: what costs is done by whoever writes it. */
export interface AnsweredPrediction {
  readonly id: string;
  readonly atMs: number;
  readonly model: string;
  readonly version: string;
  readonly digest: string;
  readonly route: string;
  readonly strategy: string;
  /** Where the answer was kept; `none`: it was computed. */
  readonly tier: string;
  readonly entity?: EntityKey | undefined;
  readonly policy: RecordPolicy;
  /** Called once or more, after the answer went out. Must hold nothing of the request's own I/O. */
  readonly inputs: () => MaybePromise<GivenInputs>;
  readonly answer: () => MaybePromise<GivenAnswer>;
  /** What is held for it, roughly; left out: 1 KiB. */
  readonly sizeBytes?: number | undefined;
}

/** Makes the record of a prediction. Hashes the inputs; no other I/O. */
export async function makeRecord(
  digest: Digest,
  answered: AnsweredPrediction,
): Promise<PredictionRecord> {
  const { id, atMs, model, version, digest: modelDigest, route, strategy, tier, entity } = answered;
  const inputs = await answered.inputs();
  const answer = await answered.answer();
  const isOne = !("rows" in answer);
  const output = isOne ? recordedOutput(answer) : {};
  const confidence = isOne ? confidenceOf(answer) : undefined;
  return {
    id,
    at: new Date(atMs).toISOString(),
    model,
    version,
    digest: modelDigest,
    route,
    strategy,
    input_digest: await inputDigest(digest, inputs),
    ...(answered.policy.logsInputs ? loggedInputs(inputs) : {}),
    output,
    ...(isOne ? {} : { rows: answer.rows }),
    ...(confidence === undefined ? {} : { confidence }),
    tier,
    ...(entity === undefined ? {} : { entity }),
  };
}

/** Only what JSON can tell again and a metric can use. */
function recordedOutput({ label, probabilities, value }: RowAnswer): RecordedOutput {
  const number = value === undefined ? undefined : Number(value);
  const shares = probabilities && sharesOf(probabilities);
  const name = labelOf({ label, probabilities: shares });
  return {
    ...(name === undefined || name.length > MAX_LABEL_CHARACTERS ? {} : { label: name }),
    ...(shares === undefined ? {} : { probabilities: shares }),
    ...(number === undefined || !Number.isFinite(number) ? {} : { value: number }),
  };
}

function sharesOf({ classes, values }: NonNullable<RowAnswer["probabilities"]>) {
  const isKept = classes.length <= MAX_CLASSES && values.every(Number.isFinite);
  return isKept
    ? Object.fromEntries(classes.map((name, place) => [name, values[place] ?? 0]))
    : undefined;
}

function confidenceOf({ probabilities }: RowAnswer): number | undefined {
  const highest = probabilities?.values.reduce((most, value) => Math.max(most, value), 0);
  return highest !== undefined && Number.isFinite(highest) ? Math.min(highest, 1) : undefined;
}

/** Equal for equal inputs, whatever the version; a row and its tensors have two. */
function inputDigest(digest: Digest, given: GivenInputs): Promise<string> {
  const inputs =
    "tensors" in given
      ? given.tensors
      : [makeTensor("row", "BYTES", [1], [JSON.stringify(given.row, inKeyOrder) ?? ""])];
  return hashKey(digest, { prefix: keyPrefix("", inputs), outputs: "", inputs });
}

const inKeyOrder = (_: string, value: unknown): unknown =>
  isObject(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;

function loggedInputs(given: GivenInputs): Pick<PredictionRecord, "inputs" | "inputs_omitted"> {
  const text =
    "tensors" in given ? `[${writeJsonTensors(given.tensors)}]` : JSON.stringify(given.row);
  if (text === undefined || text.length > MAX_INPUTS_CHARACTERS) return { inputs_omitted: true };
  return { inputs: JSON.parse(text) as unknown };
}
