import type { FreshnessSettings } from "../../src/core/lifecycle/freshness/settings.ts";

/** The settings of the Worker as they come. */
export const FRESHNESS: FreshnessSettings = {
  checkFreshness: true,
  revalidateMs: 5_000,
  maxStaleMs: 3_600_000,
  strictFreshness: false,
};
