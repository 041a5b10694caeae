import type { TickLease } from "../core/lifecycle/cron/tick-report.ts";
import type { SharedCache } from "../core/ports/shared-cache.ts";

const DEADLINE_MS = 1_000;

/**
 * Asks to be the one isolate that does a tick. The lease is never given back: it runs out by
 * itself after `ttlMs`, so a tick that dies blocks nobody for longer.
 * Without an answer from Redis the tick goes on: everything it does may be done twice.
 */
export async function takeLease(
  sharedCache: SharedCache | undefined,
  cron: string,
  at: string,
  ttlMs: number,
): Promise<TickLease> {
  if (sharedCache === undefined) return "none";
  const taken = await sharedCache.setIfAbsent(`lock:cron:${cron}`, at, {
    deadlineMs: DEADLINE_MS,
    ttlMs,
  });
  if (!taken.ok) return "unavailable";
  return taken.value ? "held" : "skipped";
}
