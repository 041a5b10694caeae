import { hashKey, keyPrefix } from "../../cache/prediction-key.ts";
import { parseKeeping } from "../../model/inexact-number.ts";
import { isObject } from "../../model/is-object.ts";
import type { MaybePromise } from "../../model/maybe-promise.ts";
import type { EntityKey, PredictionRecord } from "../../model/prediction-record.ts";
import { makeTensor, type Tensor } from "../../model/tensor.ts";
import { writeJsonTensors } from "../../model/write-json-data.ts";
import type { Digest } from "../../ports/digest.ts";
import type { RowAnswer } from "../../predict/rows/read-answer.ts";
import { isLargerThan } from "./larger-than.ts";
import type { RecordPolicy } from "./record-policy.ts";
import { recordOutput } from "./recorded-output.ts";

const MAX_INPUTS_BYTES = 32 * 1024;

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
    ...(isOne ? recordOutput(answer) : { output: {} }),
    ...(isOne ? {} : { rows: answer.rows }),
    ...(confidence === undefined ? {} : { confidence }),
    tier,
    ...(entity === undefined ? {} : { entity }),
  };
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
      : [makeTensor("row", "BYTES", [1], [JSON.stringify(inKeyOrder(given.row)) ?? ""])];
  return hashKey(digest, { prefix: keyPrefix("", inputs), outputs: "", inputs });
}

/** Not as a replacer of `JSON.stringify`, which takes twice as long. */
function inKeyOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inKeyOrder);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, part]) => [name, inKeyOrder(part)]));
}

function loggedInputs(given: GivenInputs): Pick<PredictionRecord, "inputs" | "inputs_omitted"> {
  const text =
    "tensors" in given ? `[${writeJsonTensors(given.tensors)}]` : JSON.stringify(given.row);
  if (text === undefined || isLargerThan(MAX_INPUTS_BYTES, text)) return { inputs_omitted: true };
  // A record is read as JSON again and again: digits that a number loses are kept as text.
  return { inputs: parseKeeping(text, String) };
}
