import { runBackup } from "../core/lifecycle/backup/run-backup.ts";
import { keepReport } from "../core/lifecycle/cron/cron-reports.ts";
import type { TickReport } from "../core/lifecycle/cron/tick-report.ts";
import type { TickDeps } from "./tick-deps.ts";

/** Milliseconds a backup may take: Workers give crons of an hour or more 15 minutes. */
const BACKUP_BUDGET_MS = 5 * 60_000;

/**
 * The hour's cron: the backup, where there is a second bucket. No lease: two hours do not
 * overlap in five minutes, and whoever runs it by hand meanwhile does no harm.
 */
export async function runHourTick(deps: TickDeps, cron: string): Promise<TickReport | undefined> {
  if (deps.backup === undefined) return undefined;
  const startedMs = deps.clock.now();
  const { copied, unchanged, bytes, failures, done } = await runBackup(deps.backup, {
    budgetMs: BACKUP_BUDGET_MS,
  });
  const report: TickReport = {
    cron,
    at: new Date(startedMs).toISOString(),
    duration_ms: deps.clock.now() - startedMs,
    lease: "none",
    backup: { copied, unchanged, bytes, failures, done },
  };
  await keepReport(deps, report);
  return report;
}
