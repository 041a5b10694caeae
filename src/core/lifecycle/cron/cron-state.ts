import type { TickReport } from "./tick-report.ts";

/** Where the minute's cron goes on. */
export interface TickCursor {
  /** The store's own cursor for the next models of the bucket, and the last name before it. */
  readonly models?: { readonly token: string; readonly after: string } | undefined;
  /** `model@version` to begin warming with. */
  readonly warm?: string | undefined;
}

/** A tick that was cut off never ends: it counts as running for this long, in milliseconds. */
const RUNNING_MAX_MS = 60_000;

/** What an isolate remembers of its crons. Plain data: crosses ticks and requests freely. */
export class CronState {
  /** The last report of each cron that did something here. */
  readonly reports = new Map<string, TickReport>();
  cursor: TickCursor = {};
  /** What warm versions that found no room take at least, in bytes, by `model@version`. */
  readonly needs = new Map<string, number>();
  readonly #runningSinceMs = new Map<string, number>();

  /** Marks a cron as running; false while another tick of it runs here. */
  begin(cron: string, nowMs: number): boolean {
    const sinceMs = this.#runningSinceMs.get(cron);
    if (sinceMs !== undefined && nowMs - sinceMs < RUNNING_MAX_MS) return false;
    this.#runningSinceMs.set(cron, nowMs);
    return true;
  }

  end(cron: string): void {
    this.#runningSinceMs.delete(cron);
  }
}
