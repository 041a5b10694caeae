import type { FlightContext } from "../core/cache/single-flight.ts";
import type { BackupDeps } from "../core/lifecycle/backup/backup-deps.ts";
import { type RefreshDeps, refreshDeployment } from "../core/lifecycle/refresh-deployment.ts";

/** The cron of the backup, as wrangler.toml has it. */
const HOURLY = "0 * * * *";

/** Milliseconds a tick may take: Workers give crons under an hour 30 s. */
const BUDGET_MS = 20_000;

/** Milliseconds a backup may take: Workers give crons of an hour or more 15 minutes. */
const BACKUP_BUDGET_MS = 5 * 60_000;

export interface TickDeps extends RefreshDeps {
  /** Missing without a second bucket: its cron then does nothing. */
  readonly backup?: BackupDeps | undefined;
}

/** Does what is due at a cron. */
export async function runTick(deps: TickDeps, context: FlightContext, cron: string): Promise<void> {
  if (cron !== HOURLY) return confirmDeployments(deps, context, cron);
  if (deps.backup === undefined) return;
  // Loaded when it is due: requests never wait for it.
  const { runBackup } = await import("../core/lifecycle/backup/run-backup.ts");
  await runBackup(deps.backup, { budgetMs: BACKUP_BUDGET_MS });
}

/**
 * The minute's cron: confirms every deployment this isolate knows, the
 * longest unconfirmed first, until the budget is spent. What is left comes first next time.
 */
async function confirmDeployments(
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
