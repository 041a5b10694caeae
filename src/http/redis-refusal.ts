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

/**
 * As it is said of one failure: what was not even asked has surely not been done.
 * @param detail of one that was asked
 */
export const redisRefusalOf = (
  { reason, retryAfterMs = 0 }: SharedCacheFailure,
  detail = REDIS_UNAVAILABLE.detail,
): Refusal =>
  reason === "paused"
    ? {
        ...REDIS_UNAVAILABLE,
        detail:
          "Redis has given no answer several times in a row and is left alone for a moment: nothing was asked of it or done; try again after Retry-After",
        retryAfterS: Math.max(1, Math.ceil(retryAfterMs / 1_000)),
      }
    : { ...REDIS_UNAVAILABLE, detail };

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
  failure: SharedCacheFailure,
): Refusal {
  const { reason, detail, cause } = failure;
  events.emit({ kind: "request_failed", requestId, status: 503, reason, detail, cause });
  return redisRefusalOf(failure);
}
