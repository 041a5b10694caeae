import { fail, ok, type Result } from "../model/result.ts";

const DAY_MS = 86_400_000;
const MAX_DAYS = 365;

/** Days that count, from `fromDay` to now. */
export interface Window {
  /** As it was asked for. */
  readonly text: string;
  /** `2026-11-28`, UTC, inclusive. */
  readonly fromDay: string;
}

export interface BadWindow {
  readonly reason: "invalid_request";
  readonly detail: string;
}

/**
 * Reads `1d` to `365d`, or `all`. A day is one of the calendar in UTC and counts as a whole: `1d`
 * is today, `7d` today and the six days before. Predictions count for the day they were made on,
 * whenever their outcome came.
 */
export function parseWindow(text: string, nowMs: number): Result<Window, BadWindow> {
  if (text === "all") return ok({ text, fromDay: "1970-01-01" });
  const days = /^(\d{1,3})d$/.exec(text)?.[1];
  if (days === undefined || Number(days) < 1 || Number(days) > MAX_DAYS) {
    return fail({
      reason: "invalid_request",
      detail: `window must be 1d to ${MAX_DAYS}d, in whole days of UTC with today as the last, or all`,
    });
  }
  const from = new Date(nowMs - (Number(days) - 1) * DAY_MS);
  return ok({ text, fromDay: from.toISOString().slice(0, 10) });
}
