import * as z from "zod/mini";
import { parseText } from "../model/parse-text.ts";
import { STRATEGIES } from "../model/strategies.ts";
import type { Tensor, TensorSpec } from "../model/tensor.ts";
import {
  readTensorDocument,
  type TensorDocument,
  tensorDocument,
  writeTensorDocument,
} from "../model/tensor-document.ts";
import type { CachedPrediction } from "./cached-prediction.ts";

const ms = z.int().check(z.minimum(0));

/** Who computed an answer is told with it; what was written before that reads as `unknown`. */
const provenance = z._default(z.string(), "unknown");

/** What Redis holds at `pred:{epoch}:{key}`: the outputs, and where they came from. Times in ms since 1970. */
const documentSchema = z.object({
  _model: provenance,
  _version: provenance,
  /** Of what computed it; empty for a remote model, missing in what was written before it was told. */
  _digest: z.optional(z.string()),
  /** Of the version that was asked, where another model answered. */
  _asked_digest: z.optional(z.string()),
  _strategy: z._default(z.enum(STRATEGIES), "unknown"),
  _created_at: z._default(ms, 0),
  fresh_until: ms,
  stale_until: ms,
  outputs: z.array(tensorDocument),
});

/** Writes a prediction for Redis; every element keeps its bits. */
export const writeDocument = (prediction: CachedPrediction): string =>
  JSON.stringify({
    _model: prediction.model,
    _version: prediction.version,
    _digest: prediction.digest,
    ...(prediction.askedDigest === prediction.digest
      ? {}
      : { _asked_digest: prediction.askedDigest }),
    _strategy: prediction.strategy,
    _created_at: prediction.createdAtMs,
    fresh_until: prediction.freshUntilMs,
    stale_until: prediction.staleUntilMs,
    outputs: prediction.outputs.map(writeTensorDocument),
  });

/**
 * Reads what Redis holds. `undefined` for anything that is not an answer of this very digest with
 * these very outputs: whoever wrote it, it is no hit.
 * @param digest of the version asked
 * @param outputs the specs of the outputs asked for, in their order
 */
export function readDocument(
  text: string,
  { digest, outputs }: { readonly digest: string; readonly outputs: readonly TensorSpec[] },
): CachedPrediction | undefined {
  const read = z.safeParse(documentSchema, parseText(text));
  if (!read.success) return undefined;
  const document = read.data;
  // The key says it as well: a value of another digest stands under a wrong one.
  const asked = document._asked_digest ?? document._digest ?? digest;
  if (asked !== digest || document.outputs.length !== outputs.length) return undefined;
  const tensors: Tensor[] = [];
  for (const [index, spec] of outputs.entries()) {
    const written = document.outputs[index];
    const tensor =
      written === undefined || !fits(spec, written) ? undefined : readTensorDocument(written);
    if (tensor === undefined) return undefined;
    tensors.push(tensor);
  }
  return {
    model: document._model,
    version: document._version,
    digest: document._digest ?? digest,
    askedDigest: digest,
    strategy: document._strategy,
    outputs: tensors,
    createdAtMs: document._created_at,
    freshUntilMs: document.fresh_until,
    staleUntilMs: document.stale_until,
  };
}

const fits = (spec: TensorSpec, { name, datatype }: TensorDocument): boolean =>
  name === spec.name && datatype === spec.datatype;
