import type { CachedPrediction } from "../../cache/cached-prediction.ts";
import type { FlightContext } from "../../cache/single-flight.ts";
import type { ServeFailure } from "../../model/failure.ts";
import type { Tensor } from "../../model/tensor.ts";
import type { ModelCacheOutcome } from "../acquire.ts";
import { infer } from "../infer.ts";
import type { InferDeps, Inference } from "../inference.ts";
import { type EncodeOptions, encodeRow } from "./encode-row.ts";
import {
  keepingOf,
  keepRow,
  type Looked,
  lookUpRows,
  missOf,
  type WantedRow,
} from "./kept-rows.ts";
import type { OpenRows } from "./open-rows.ts";
import { type RowAnswer, readAnswer } from "./read-answer.ts";
import type { RowError } from "./row-error.ts";
import { runRows } from "./run-rows.ts";

/** What became of one row. */
export type RowResult =
  | {
      readonly ok: true;
      readonly answer: RowAnswer;
      readonly strategy: Inference["strategy"];
      /** What computed a premium answer; left out: the version that was asked. */
      readonly by?: Pick<Inference["loaded"], "model" | "version" | "digest">;
      /** Where the answer was kept; `none`: it was computed. */
      readonly tier: "isolate" | "redis" | "none";
    }
  /** The row is wrong. */
  | { readonly ok: false; readonly error: RowError }
  /** The model did not answer it. */
  | { readonly ok: false; readonly failure: ServeFailure };

export interface RowsAnswer {
  /** One for each row, in their order. */
  readonly results: readonly RowResult[];
  readonly modelCache: ModelCacheOutcome;
  readonly runMs: number;
  /** How the caches took part: in the answer to an only row, or to rows of which none was kept. */
  readonly cached?: Inference["cached"] | undefined;
  /** The durable job that will bring a better answer to an only row. */
  readonly job?: string | undefined;
}

/** How rows are to be read; `first` is the place of the first one in its request. */
export type RowsReading = Omit<EncodeOptions, "index"> & { readonly first: number };

/**
 * Answers rows of one version, each as if it were asked alone: a bad one fails alone, the order
 * is kept. Rows whose answers are kept cost no run; the others run together, equal ones once.
 * Answers are kept under the keys of requests of one row, so that tensors and rows share them.
 */
export async function predictRows(
  deps: InferDeps,
  context: FlightContext,
  open: OpenRows,
  rows: readonly unknown[],
  reading: RowsReading,
): Promise<RowsAnswer> {
  const results: RowResult[] = [];
  const encoded = rows.map((row, offset) => {
    const read = encodeRow(open.rows, row, { ...reading, index: reading.first + offset });
    if (read.ok) return read.value;
    const { code, detail, path } = read.failure;
    results[offset] = { ok: false, error: { code, detail, path } };
    return undefined;
  });
  const only = encoded.length === 1 ? encoded[0] : undefined;
  const alone = only && (await predictAlone(deps, context, open, only));
  if (alone !== undefined) return alone;
  const keeping = keepingOf(deps, open);
  const looked = await lookUpRows(open, keeping, encoded, context.clock.now());
  const { kept, wanted } = looked;
  for (const [place, prediction] of kept) results[place] = fromKept(open, prediction);
  if (keeping !== undefined) countLook(deps, context, open, looked);
  const generation = keeping?.predictions.generation ?? 0;
  const ran = await runRows(
    deps,
    context,
    open,
    wanted.map(({ tensors }) => tensors),
  );
  for (const [index, row] of ran.rows.entries()) {
    const { key, stale, places } = wanted[index] as WantedRow;
    if (row.ok && keeping !== undefined && key !== undefined && open.request.keeps) {
      keepRow(keeping, key, row.value, generation);
    }
    const result = row.ok ? computed(open, row.value) : unanswered(open, row.failure, stale);
    for (const place of places) results[place] = result;
  }
  const cached = kept.size === 0 ? missOf(open, keeping) : undefined;
  return { results, modelCache: ran.modelCache, runMs: ran.runMs, cached };
}

/**
 * One row takes the way of one request of tensors: it joins others that ask for the same, and
 * looks into Redis. `undefined` when another version answered: the route has moved meanwhile.
 */
async function predictAlone(
  deps: InferDeps,
  context: FlightContext,
  open: OpenRows,
  inputs: readonly Tensor[],
): Promise<RowsAnswer | undefined> {
  const { reference, stickiness, requestId, conversationId, cacheWish, keeps } = open.request;
  if (!keeps) return undefined;
  const answered = await infer(deps, context, {
    reference,
    stickiness: () => ({ ...stickiness(), route: open.route }),
    requestId,
    conversationId,
    cacheWish: () => cacheWish,
    inputs,
  });
  if (!answered.ok) {
    const { modelCache } = open;
    return { results: [{ ok: false, failure: answered.failure }], modelCache, runMs: 0 };
  }
  const { loaded, outputs, strategy, cached, runMs, job } = answered.value;
  const isPremium = strategy === "premium";
  if (!isPremium && loaded.version !== open.version.version) return undefined;
  const tier = cached?.tier ?? "none";
  const answer = readAnswer(open.answers, outputs);
  const modelCache = open.modelCache === "unused" ? answered.value.modelCache : open.modelCache;
  const by = isPremium ? { by: loaded } : {};
  return { results: [{ ok: true, answer, strategy, tier, ...by }], modelCache, runMs, cached, job };
}

/** Runs count themselves; a request that needs none is counted here. */
function countLook(
  { statistics }: InferDeps,
  { clock }: FlightContext,
  { version }: OpenRows,
  { kept, wanted }: Looked,
): void {
  const page = statistics.page(version.model, version.version);
  if (wanted.length > 0) statistics.missed(page, 0);
  else if (kept.size > 0) statistics.hit(page, { totalMs: 0, nowMs: clock.now() });
}

const computed = (open: OpenRows, outputs: readonly Tensor[]): RowResult => ({
  ok: true,
  answer: readAnswer(open.answers, outputs),
  strategy: "fast",
  tier: "none",
});

const fromKept = (open: OpenRows, kept: CachedPrediction): RowResult => ({
  ok: true,
  answer: readAnswer(open.answers, kept.outputs),
  strategy: kept.strategy,
  ...(kept.strategy === "premium" ? { by: kept } : {}),
  tier: "isolate",
});

/** What is past its time is better than nothing, as for a request of tensors. */
const unanswered = (
  open: OpenRows,
  failure: ServeFailure,
  stale: CachedPrediction | undefined,
): RowResult => (stale === undefined ? { ok: false, failure } : fromKept(open, stale));
