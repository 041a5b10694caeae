/** Words of the store name keys and hosts: they are for the log, and a report is read by more. */
const OF_THE_STORE: ReadonlySet<string> = new Set([
  "absent",
  "denied",
  "misdirected",
  "throttled",
  "unreachable",
  "corrupt",
  "too_large",
  "store_unavailable",
]);

/** Why something did not go well, fit for a report. */
export const reportReason = (reason: string, detail: string) => ({
  reason,
  detail: OF_THE_STORE.has(reason) ? "the store did not give it; the log has more" : detail,
});
