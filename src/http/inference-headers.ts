import type { Inference } from "../core/predict/infer.ts";

/** Session found, loaded for this request, or loaded by another that this one joined (RFC 9211). */
const CACHE_STATUS = {
  hit: "model; hit",
  miss: "model; fwd=miss; stored",
  collapsed: "model; fwd=miss; collapsed",
} as const;

/** The headers that tell what produced an answer. */
export function inferenceHeaders(
  { loaded, route, strategy, modelCache, acquireMs, runMs }: Inference,
  requestId: string,
  predictionId: string,
): Record<string, string> {
  return {
    "x-request-id": requestId,
    "x-freshet-model": loaded.model,
    "x-freshet-version": loaded.version,
    "x-freshet-digest": loaded.digest,
    "x-freshet-strategy": strategy,
    "x-freshet-route": route,
    "x-freshet-prediction-id": predictionId,
    etag: loaded.etag,
    "cache-status": CACHE_STATUS[modelCache],
    "server-timing": `acquire;dur=${acquireMs}, run;dur=${runMs}`,
  };
}
