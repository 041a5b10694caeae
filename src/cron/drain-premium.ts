import type { FlightContext } from "../core/cache/single-flight.ts";
import type { CronState } from "../core/lifecycle/cron/cron-state.ts";
import { type DrainDeps, drainJobs } from "../core/predict/premium/drain-jobs.ts";

/** Milliseconds within which a tick begins attempts; each may then take as long as its strategy says. */
const BUDGET_MS = 20_000;
const NAME = "premium jobs";

/**
 * Works through the premium jobs that are due. Ticks and isolates may overlap: each job has a
 * lease of its own.
 */
export async function drainPremium(
  deps: DrainDeps & { readonly cron: CronState },
  context: FlightContext,
): Promise<void> {
  const startedMs = context.clock.now();
  if (!deps.cron.begin(NAME, startedMs)) return;
  try {
    const { completed, failed, dropped } = await drainJobs(deps, context, startedMs + BUDGET_MS);
    if (completed + failed + dropped === 0) return;
    const durationMs = context.clock.now() - startedMs;
    deps.events.emit({ kind: "jobs_drained", completed, failed, dropped, durationMs });
  } finally {
    deps.cron.end(NAME);
  }
}
