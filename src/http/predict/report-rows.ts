import type { RowsAnswer } from "../../core/predict/rows/predict-rows.ts";
import type { HttpDeps } from "../deps.ts";
import type { RowsMeta } from "./rows-response.ts";

export interface RowsFacts {
  readonly answer: Pick<RowsAnswer, "modelCache">;
  readonly meta: RowsMeta;
  /** Of an only answer. */
  readonly predictionId?: string | undefined;
  readonly rows: number;
  readonly startedMs: number;
  readonly nowMs: number;
}

/** Tells the log of one request, however many rows it had; no data. */
export function reportRows(
  { events }: Pick<HttpDeps, "events">,
  { answer, meta, predictionId, rows, startedMs, nowMs }: RowsFacts,
): void {
  const { model, version, digest, strategy, route, cache, request_id: requestId, job } = meta;
  const tier = cache === "isolate" || cache === "redis" ? cache : "none";
  events.emit({
    kind: "inference",
    requestId,
    model,
    version,
    digest,
    strategy,
    route,
    cache: tier === "none" ? "miss" : "hit",
    tier,
    modelCache: answer.modelCache,
    rows,
    ...(predictionId === undefined ? {} : { predictionId }),
    ...(job === undefined ? {} : { job }),
    durationMs: nowMs - startedMs,
  });
}
