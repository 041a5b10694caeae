import type { ServeFailure } from "../../src/core/model/failure.ts";
import { parseReferenceWord } from "../../src/core/model/reference.ts";
import type { Result } from "../../src/core/model/result.ts";
import { makeTensor } from "../../src/core/model/tensor.ts";
import { type Inference, type InferRequest, infer } from "../../src/core/predict/infer.ts";
import type { TestCore } from "./test-core.ts";

/** A model for the fake engine: its answers are the sum of a row plus `firstByte`. */
export const fakeModel = (firstByte: number, sizeBytes = 1): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(sizeBytes);
  bytes[0] = firstByte;
  return bytes;
};

/** Rows of zeros: the fake engine's answers are then the first byte of the model. */
export const zeros = (rows = 1) => makeTensor("x", "FP32", [rows, 2], new Float32Array(rows * 2));

/** Asks `model` or `model@selector` for one row of zeros. */
export async function ask(
  core: TestCore,
  word: string,
  changes: Partial<InferRequest> = {},
): Promise<Result<Inference, ServeFailure>> {
  const reference = parseReferenceWord(word);
  if (!reference.ok) throw new Error(reference.failure.detail);
  return infer(core.deps, core.context, {
    reference: reference.value,
    stickiness: () => ({ random: () => 0 }),
    inputs: [zeros()],
    ...changes,
  });
}

/** An answer as a word, such as `2 miss 7`: version, model cache, first number; or the failure's reason. */
export function inShort(answer: Result<Inference, ServeFailure>): string {
  if (!answer.ok) return answer.failure.reason;
  const { loaded, modelCache, outputs } = answer.value;
  return `${loaded.version} ${modelCache} ${outputs[0]?.data[0]}`;
}

export const askInShort = async (...asked: Parameters<typeof ask>): Promise<string> =>
  inShort(await ask(...asked));
