import type { Expected } from "../cache/expected.ts";
import { longestFreshMs, type PredictionPolicy } from "../cache/prediction-policy.ts";
import { batchOf } from "../model/batch.ts";
import { specsOf, type Tensor, type TensorSpec } from "../model/tensor.ts";
import type { Story } from "./inference.ts";

/** What was asked, of which version, and how its answers are kept. */
export interface Question extends Pick<PredictionPolicy, "ttlMs" | "staleMs"> {
  readonly digest: string;
  readonly inputs: readonly Tensor[];
  /** Names of the outputs, in the order of the answer. */
  readonly outputs: readonly string[];
  readonly inputSpecs: readonly TensorSpec[];
  readonly outputSpecs: readonly TensorSpec[];
}

/** What a kept answer must be of, to be taken for one. */
export const expectAnswer = (question: Question): Expected => ({
  digest: question.digest,
  outputs: specsOf(question.outputs, question.outputSpecs),
  batch: batchOf(question.inputs, question.inputSpecs),
  freshMs: longestFreshMs(question),
  staleMs: question.staleMs,
});

/**
 * As `expectAnswer`, of a request.
 * @param ttlMs where it is another one than that of the model's own answers
 */
export function expectedOf(
  { caching, sought }: Pick<Story, "caching" | "sought">,
  ttlMs = caching.policy.ttlMs,
): Expected {
  const { digest, inputs: inputSpecs, outputs: outputSpecs } = sought.version;
  const { staleMs } = caching.policy;
  const { outputs, parts } = sought;
  const { inputs } = parts;
  return expectAnswer({ digest, inputs, outputs, inputSpecs, outputSpecs, ttlMs, staleMs });
}
