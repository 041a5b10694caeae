import type { FlightContext } from "../core/cache/single-flight.ts";
import { type RefreshDeps, refreshDeployment } from "../core/lifecycle/refresh-deployment.ts";

/** Milliseconds a tick may take: Workers give crons under an hour 30 s. */
const BUDGET_MS = 20_000;

/**
 * One tick of the minute cron: confirms every deployment this isolate knows, the
 * longest unconfirmed first, until the budget is spent. What is left comes first next time.
 */
export async function runTick(
  deps: RefreshDeps,
  context: FlightContext,
  cron: string,
): Promise<void> {
  const { catalog, clock, events } = deps;
  const endMs = clock.now() + BUDGET_MS;
  const counts = { checked: 0, changed: 0, kept: 0 };
  for (const model of catalog.byAge()) {
    if (clock.now() >= endMs) break;
    const outcome = await refreshDeployment(deps, context, model);
    counts.checked += 1;
    if (outcome === "changed" || outcome === "removed") counts.changed += 1;
    if (outcome === "kept") counts.kept += 1;
  }
  events.emit({ kind: "tick", cron, ...counts });
}
