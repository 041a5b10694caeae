import type { BackupDeps } from "../core/lifecycle/backup/backup-deps.ts";
import { runBackup } from "../core/lifecycle/backup/run-backup.ts";
import { keepReport } from "../core/lifecycle/cron/cron-reports.ts";
import type { TickReport } from "../core/lifecycle/cron/tick-report.ts";
import { archiveRecords } from "../core/quality/archive/archive-records.ts";
import type { TickDeps } from "./tick-deps.ts";

/** Milliseconds a backup may take: Workers give crons of an hour or more 15 minutes. */
const BACKUP_BUDGET_MS = 5 * 60_000;
const ARCHIVE_BUDGET_MS = 3 * 60_000;

/**
 * The hour's cron: the backup, where there is a second bucket, and the archive of predictions,
 * where there is Redis. No lease: two hours do not overlap in eight minutes, and whoever runs it by
 * hand meanwhile does no harm.
 */
export async function runHourTick(deps: TickDeps, cron: string): Promise<TickReport | undefined> {
  const { backup, archive, clock } = deps;
  if (backup === undefined && archive === undefined) return undefined;
  const startedMs = clock.now();
  // The archive first: it is short, and a backup may use all of its time.
  const archived = archive && (await archiveRecords(archive, { budgetMs: ARCHIVE_BUDGET_MS }));
  const backedUp = backup && (await backUp(backup));
  const report: TickReport = {
    cron,
    at: new Date(startedMs).toISOString(),
    duration_ms: clock.now() - startedMs,
    lease: "none",
    ...(backedUp === undefined ? {} : { backup: backedUp }),
    ...(archived === undefined ? {} : { archive: archived }),
  };
  await keepReport(deps, report);
  return report;
}

async function backUp(backup: BackupDeps): Promise<NonNullable<TickReport["backup"]>> {
  const ran = await runBackup(backup, { budgetMs: BACKUP_BUDGET_MS });
  const { copied, unchanged, bytes, failures, done } = ran;
  return { copied, unchanged, bytes, failures, done };
}
