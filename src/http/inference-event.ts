import type { FreshetEvent } from "../core/ports/events.ts";
import type { Inference } from "../core/predict/inference.ts";

type InferenceEvent = Extract<FreshetEvent, { kind: "inference" }>;

/** The one wide event of an answered request. */
export function inferenceEvent(
  { loaded, route, strategy, modelCache, cached, job }: Inference,
  {
    requestId,
    predictionId,
    durationMs,
  }: Pick<InferenceEvent, "requestId" | "predictionId" | "durationMs">,
): InferenceEvent {
  const { model, version, digest } = loaded;
  const isKept = cached !== undefined && cached.tier !== "none";
  return {
    kind: "inference",
    requestId,
    predictionId,
    model,
    version,
    digest,
    strategy,
    route,
    cache: cacheWordOf(cached),
    tier: cached?.tier ?? "none",
    ageMs: isKept ? cached.ageMs : undefined,
    modelCache,
    job,
    durationMs,
  };
}

function cacheWordOf(cached: Inference["cached"]): InferenceEvent["cache"] {
  if (cached === undefined) return "off";
  if (cached.tier === "none") return cached.why === "request" ? "bypass" : "miss";
  return cached.ttlMs > 0 ? "hit" : "stale";
}
