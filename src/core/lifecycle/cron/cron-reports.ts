import type { SharedCache } from "../../ports/shared-cache.ts";
import type { CronState } from "./cron-state.ts";
import { type TickReport, tickReportSchema } from "./tick-report.ts";

/** The crons that the Worker is deployed with, as wrangler.toml has them. */
const MINUTE_CRON = "* * * * *";
const HOUR_CRON = "0 * * * *";

export interface CronReportDeps {
  readonly cron: CronState;
  readonly sharedCache?: SharedCache | undefined;
}

/** One cron and its latest report, with where that was found. */
export interface CronAnswer {
  readonly cron: string;
  readonly does: string;
  readonly from: "redis" | "isolate" | null;
  readonly last: TickReport | null;
}

export interface CronAnswers {
  readonly crons: readonly CronAnswer[];
  /** Without Redis a report is only that of the isolate which answers. */
  readonly redis: "up" | "unavailable" | "not_configured";
}

const CRONS = [
  { cron: MINUTE_CRON, does: "refresh, then warm" },
  { cron: HOUR_CRON, does: "back up, archive records" },
] as const;

const DEADLINE_MS = 1_000;
const KEPT_MS = 7 * 24 * 60 * 60_000;

const reportKey = (cron: string): string => `cron:report:${cron}`;

/** Keeps a report here and where every isolate finds it. Never throws: a lost report costs nothing else. */
export async function keepReport(
  { cron: state, sharedCache }: CronReportDeps,
  report: TickReport,
): Promise<void> {
  state.reports.set(report.cron, report);
  const options = { deadlineMs: DEADLINE_MS, ttlMs: KEPT_MS };
  await sharedCache?.set(reportKey(report.cron), JSON.stringify(report), options);
}

/** The latest report of each cron: the newer one of Redis' and this isolate's. One command. */
export async function readReports({
  cron: state,
  sharedCache,
}: CronReportDeps): Promise<CronAnswers> {
  const keys = CRONS.map(({ cron }) => reportKey(cron));
  const read = await sharedCache?.getMany(keys, DEADLINE_MS);
  const crons = CRONS.map(({ cron, does }, index) => {
    const own = state.reports.get(cron);
    const shared = read?.ok === true ? parseReport(read.value[index]) : undefined;
    const isOwn = own !== undefined && (shared === undefined || own.at > shared.at);
    const last = isOwn ? own : shared;
    const from = last === undefined ? null : isOwn ? ("isolate" as const) : ("redis" as const);
    return { cron, does, from, last: last ?? null };
  });
  const redis = read === undefined ? "not_configured" : read.ok ? "up" : "unavailable";
  return { crons, redis };
}

function parseReport(text: string | undefined): TickReport | undefined {
  if (text === undefined) return undefined;
  try {
    const parsed = tickReportSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
