import type { FlightContext } from "../core/cache/single-flight.ts";
import { checkVersionObjects } from "../core/lifecycle/check-version-object.ts";
import { keepReport } from "../core/lifecycle/cron/cron-reports.ts";
import type { TickLease, TickReport } from "../core/lifecycle/cron/tick-report.ts";
import { placeOf, readCursor, writeCursor } from "./cursor.ts";
import { takeLease } from "./lease.ts";
import { refreshModels } from "./refresh-models.ts";
import type { TickDeps } from "./tick-deps.ts";
import { warmVersions } from "./warm-versions.ts";

/** Milliseconds within which each step begins something new. Workers give such a cron 30 s of CPU. */
const REFRESH_BUDGET_MS = 12_000;
const OBJECTS_BUDGET_MS = 5_000;
const WARM_BUDGET_MS = 10_000;

/** A little over the budgets together, and under the minute until the next tick. */
const LEASE_MS = 30_000;

/**
 * The minute's cron: asks the bucket what changed, looks at the objects under what is loaded,
 * and warms what is to be warm. Each step stops when its budget is spent and goes on from there
 * the next time. Everything it does may be done twice.
 *
 * @param settling what is done beside it, under no lease, and told in the same report
 */
export async function runMinuteTick(
  deps: TickDeps,
  context: FlightContext,
  cron: string,
  settling?: Promise<TickReport["settled"]>,
): Promise<TickReport> {
  const { clock } = deps;
  const startedMs = clock.now();
  const at = new Date(startedMs).toISOString();
  if (!deps.cron.begin(cron, startedMs)) return skip(deps, cron, at);
  try {
    const lease = await takeLease(deps.sharedCache, cron, at, LEASE_MS);
    if (lease === "skipped") return skip(deps, cron, at);
    const work = await doWork(deps, context);
    const settled = await settling;
    const beside = settled === undefined ? {} : { settled };
    const report = { cron, at, duration_ms: clock.now() - startedMs, lease, ...work, ...beside };
    await keepReport(deps, report);
    tell(deps, report);
    return report;
  } finally {
    deps.cron.end(cron);
  }
}

async function doWork(deps: TickDeps, context: FlightContext) {
  const { clock } = deps;
  const cursor = await readCursor(deps);
  const refresh = await refreshModels(
    deps,
    context,
    cursor.models,
    clock.now() + REFRESH_BUDGET_MS,
  );
  const objects = await checkObjects(deps, context);
  const warm = await warmVersions(deps, context, cursor.warm, clock.now() + WARM_BUDGET_MS);
  const next = { models: refresh.next, warm: warm.next };
  await writeCursor(deps, next);
  const [resumed, stopped] = [placeOf(cursor), placeOf(next)];
  return {
    refreshed: refresh.report,
    ...(Object.keys(objects).length === 0 ? {} : { objects }),
    warmed: [...warm.lines],
    ...(resumed === undefined ? {} : { resumed_at: resumed }),
    ...(stopped === undefined ? {} : { stopped_at: stopped }),
  };
}

/** Looks whether somebody overwrote by hand what this isolate has loaded. */
async function checkObjects(
  deps: TickDeps,
  context: FlightContext,
): Promise<Readonly<Record<string, number>>> {
  const { objects, models, clock } = deps;
  const loaded = models.loaded();
  if (objects === undefined || loaded.length === 0) return {};
  const untilMs = clock.now() + OBJECTS_BUDGET_MS;
  return checkVersionObjects({ ...deps, objects }, context, loaded, untilMs);
}

/** Logged, not kept: the report of the tick that did the work is the one to read. */
function skip(deps: TickDeps, cron: string, at: string): TickReport {
  const lease: TickLease = "skipped";
  const report = { cron, at, duration_ms: 0, lease };
  tell(deps, report);
  return report;
}

function tell({ events }: TickDeps, report: TickReport): void {
  const { cron, lease, duration_ms: durationMs, refreshed, warmed = [] } = report;
  const { checked = 0, changed = 0, kept = 0, failed = [] } = refreshed ?? {};
  const cold = warmed.filter(({ ok }) => !ok).length;
  events.emit({
    kind: "tick",
    cron,
    lease,
    checked,
    changed,
    kept,
    failed: failed.length,
    warmed: warmed.length - cold,
    cold,
    durationMs,
  });
}
