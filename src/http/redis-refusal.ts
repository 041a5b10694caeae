import type { SharedCacheFailure } from "../core/ports/shared-cache.ts";
import type { AppContext } from "./app-env.ts";
import type { HttpDeps } from "./deps.ts";
import type { Refusal } from "./problem.ts";
import { refuse } from "./refuse.ts";

/** What a feature that needs Redis answers where none is configured; `what` such as `entities`. */
export const redisRequired = (what: string): Refusal => ({
  status: 503,
  code: "redis_required",
  detail: `${what} are kept in Redis, and none is configured: set UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN`,
});

/** What it answers while Redis does not. */
export const REDIS_UNAVAILABLE: Refusal = {
  status: 503,
  code: "redis_unavailable",
  detail: "Redis does not answer; what was acknowledged before is safe, try again",
  retryAfterS: 1,
};

/** The caller hears that Redis did not answer; the log hears why. */
export const refuseRedis = (
  c: AppContext,
  deps: Pick<HttpDeps, "events">,
  failure: SharedCacheFailure,
): Response => refuse(c, redisSilence(deps, c.get("requestId"), failure));

/** As `refuseRedis`, for those who only say why: the log hears it. */
export function redisSilence(
  { events }: Pick<HttpDeps, "events">,
  requestId: string,
  { reason, detail, cause }: SharedCacheFailure,
): Refusal {
  events.emit({ kind: "request_failed", requestId, status: 503, reason, detail, cause });
  return REDIS_UNAVAILABLE;
}
