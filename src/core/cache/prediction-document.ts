import * as z from "zod/mini";
import { fitsShape } from "../model/batch.ts";
import { parseText } from "../model/parse-text.ts";
import { STRATEGIES } from "../model/strategies.ts";
import type { Tensor } from "../model/tensor.ts";
import {
  readTensorDocument,
  tensorDocument,
  writeTensorDocument,
} from "../model/tensor-document.ts";
import type { CachedPrediction } from "./cached-prediction.ts";
import type { Expected, OutputSpec } from "./expected.ts";

/** How much later than here an isolate may believe it is: a Worker's clock stands still while it computes. */
const CLOCK_SKEW_MS = 60_000;

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
 * these very outputs, or that says it will be made later than now: whoever wrote it, it is no hit.
 * Its times are cut to what the settings allow.
 */
export function readDocument(
  text: string,
  expected: Expected,
  nowMs: number,
): CachedPrediction | undefined {
  const read = z.safeParse(documentSchema, parseText(text));
  if (!read.success) return undefined;
  const document = read.data;
  const { digest, outputs, batch } = expected;
  // The key says it as well: a value of another digest stands under a wrong one.
  const asked = document._asked_digest ?? document._digest ?? digest;
  if (asked !== digest || document.outputs.length !== outputs.length) return undefined;
  if (document._created_at > nowMs + CLOCK_SKEW_MS) return undefined;
  const tensors: Tensor[] = [];
  for (const [index, spec] of outputs.entries()) {
    const written = document.outputs[index];
    const tensor =
      written === undefined || !fits(spec, written, batch)
        ? undefined
        : readTensorDocument(written);
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
    ...timesOf(document, expected),
  };
}

function timesOf(
  { _created_at: createdAtMs, fresh_until, stale_until }: z.output<typeof documentSchema>,
  { freshMs, staleMs }: Expected,
): Pick<CachedPrediction, "createdAtMs" | "freshUntilMs" | "staleUntilMs"> {
  const staleUntilMs = Math.min(stale_until, createdAtMs + freshMs + staleMs);
  const freshUntilMs = Math.min(fresh_until, createdAtMs + freshMs, staleUntilMs);
  return { createdAtMs, freshUntilMs, staleUntilMs };
}

/** Whether outputs are what is expected, in their order. */
export const fitOutputs = (
  tensors: readonly Tensor[],
  { outputs, batch }: Pick<Expected, "outputs" | "batch">,
): boolean => tensors.every((tensor, index) => fits(outputs[index], tensor, batch));

const fits = (
  spec: OutputSpec | undefined,
  { name, datatype, shape }: Pick<Tensor, "name" | "datatype" | "shape">,
  batch: number | undefined,
): boolean =>
  name === spec?.name &&
  datatype === spec.datatype &&
  (spec.shape === undefined || fitsShape({ shape: spec.shape }, shape, batch));
