export interface DurationSummary {
  readonly meanDurationMs: number;
  readonly p95DurationMs: number;
}

/** Mean and 95th percentile (nearest rank) of durations in milliseconds; 0 of none. */
export function summarizeDurations(durations: readonly number[]): DurationSummary {
  if (durations.length === 0) return { meanDurationMs: 0, p95DurationMs: 0 };
  const sum = durations.reduce((total, ms) => total + ms, 0);
  const sorted = [...durations].sort((a, b) => a - b);
  const rank = Math.ceil(0.95 * sorted.length);
  return { meanDurationMs: sum / sorted.length, p95DurationMs: sorted[rank - 1] ?? 0 };
}
