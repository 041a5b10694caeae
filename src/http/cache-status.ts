import type { Inference } from "../core/predict/inference.ts";

type Cached = NonNullable<Inference["cached"]>;
type Kept = Extract<Cached, { tier: "isolate" | "redis" }>;

/** Session found, loaded for this request, or loaded by another that this one joined (RFC 9211). */
const MODEL_STATUS = {
  hit: "model; hit",
  miss: "model; fwd=miss; stored",
  collapsed: "model; fwd=miss; collapsed",
  unused: "",
} as const;

/** Whole seconds: `Age` and `ttl` have no other (RFC 9111, section 5.1; RFC 9211, section 2.4). */
export const secondsOf = ({ ageMs, ttlMs }: Pick<Kept, "ageMs" | "ttlMs">) => ({
  ageS: Math.floor(ageMs / 1000),
  ttlS: Math.floor(ttlMs / 1000),
});

/** How the caches took part in an answer that was computed, the one nearest to the caller last (RFC 9211, section 2). */
export const computedStatus = (
  modelCache: Inference["modelCache"],
  cached: Inference["cached"],
): string =>
  [MODEL_STATUS[modelCache], ...(cached?.tier === "none" ? missStatus(cached) : [])]
    .filter((word) => word !== "")
    .join(", ");

function missStatus({
  why,
  collapsed,
  isolate,
  stored,
  redis,
}: Extract<Cached, { tier: "none" }>): readonly string[] {
  const end = collapsed ? "; collapsed" : stored ? "; stored" : "";
  return [...(redis ? ["redis; fwd=miss"] : []), ...(isolate ? [`isolate; fwd=${why}${end}`] : [])];
}

/** As `computedStatus`, of an answer that was kept. */
export function keptStatus(
  { tier, isolate, stored }: Pick<Kept, "tier" | "isolate" | "stored">,
  ttlS: number,
): string {
  if (tier === "isolate") return `isolate; hit; ttl=${ttlS}`;
  const before = isolate ? `, isolate; fwd=miss${stored ? "; stored" : ""}` : "";
  return `redis; hit; ttl=${ttlS}${before}`;
}
