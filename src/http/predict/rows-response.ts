import type { Inference } from "../../core/predict/inference.ts";
import type { OpenRows } from "../../core/predict/rows/open-rows.ts";
import type { RowResult, RowsAnswer } from "../../core/predict/rows/predict-rows.ts";
import { computedStatus, keptStatus, secondsOf } from "../cache-status.ts";

/** What produced the answers of a request, all of them together. */
export interface RowsMeta {
  readonly model: string;
  readonly version: string;
  readonly digest: string;
  /** `premium` when every answer is, of one model: that is named then; a row that differs says so itself. */
  readonly strategy: Inference["strategy"];
  /** Where all answers were kept; `partial` when only some were; else how the session was come by. */
  readonly cache: string;
  readonly route: string;
  readonly request_id: string;
  /** The durable job that will bring a better answer to an only row. */
  readonly job?: string;
  /** Rows that needed no run. */
  readonly cached_rows: number;
  /** Columns of the request that the model has not. */
  readonly ignored_columns?: readonly string[];
  /** Answered rows that have no record, as more came than the store took. */
  readonly unrecorded?: number;
  /** The ids of the events that the answers were appended as, or why they were not. */
  readonly conversation?:
    | { readonly id: string; readonly events: readonly string[] }
    | {
        readonly id: string;
        readonly error: { readonly code: string; readonly detail: string };
      };
}

type Answered = Extract<RowResult, { ok: true }>;
type Computed = Pick<RowsMeta, "model" | "version" | "digest">;

export function rowsMetaOf(open: OpenRows, answer: RowsAnswer, requestId: string): RowsMeta {
  const answered = answer.results.filter((result): result is Answered => result.ok);
  const [first] = answered;
  const one = first?.by ?? open.version;
  const isAlike = answered.every(
    ({ strategy, by = open.version }) => strategy === first?.strategy && isSame(by, one),
  );
  const { model, version, digest } = isAlike ? one : open.version;
  const kept = answered.filter(({ tier }) => tier !== "none").length;
  const cache = kept === 0 ? answer.modelCache : kept < answered.length ? "partial" : first?.tier;
  return {
    model,
    version,
    digest,
    strategy: isAlike ? (first?.strategy ?? "fast") : "fast",
    cache: cache ?? answer.modelCache,
    route: open.route,
    request_id: requestId,
    ...(answer.job === undefined ? {} : { job: answer.job }),
    cached_rows: kept,
  };
}

const isSame = (a: Computed, b: Computed): boolean =>
  a.model === b.model && a.version === b.version && a.digest === b.digest;

/** The same facts as headers. There is an id of each prediction in the body, and none here. */
export const rowsHeaders = (
  open: OpenRows,
  { model, version, digest, strategy, route, request_id, job }: RowsMeta,
): Record<string, string> => ({
  "x-freshet-model": model,
  "x-freshet-version": version,
  ...(digest === "" ? {} : { "x-freshet-digest": digest }),
  "x-freshet-strategy": strategy,
  "x-freshet-route": route,
  "x-request-id": request_id,
  ...(job === undefined ? {} : { "x-freshet-job": job }),
  // Of a premium answer nothing here has a validator.
  ...(strategy === "fast" ? { etag: open.version.etag } : {}),
});

/**
 * How the caches answered (RFC 9211): an only row as tensors are, with its age where it was kept;
 * of several `detail` counts those that were kept, where not all were.
 */
export function rowsCacheHeaders(
  { cache, cached_rows: kept }: RowsMeta,
  { results, modelCache, cached }: RowsAnswer,
): Record<string, string> {
  if (cached !== undefined && cached.tier !== "none") {
    const { ageS, ttlS } = secondsOf(cached);
    return { "cache-status": keptStatus(cached, ttlS), age: String(ageS) };
  }
  if (cache === "isolate" || cache === "redis") return { "cache-status": `${cache}; hit` };
  if (cache === "partial") {
    const detail = `${kept} of ${results.length} rows`;
    return { "cache-status": `isolate; fwd=partial; detail="${detail}"` };
  }
  return { "cache-status": computedStatus(modelCache, cached) || "model; hit" };
}
