import type { BackupDeps } from "../core/lifecycle/backup/backup-deps.ts";
import type { BundleCatalog } from "../core/lifecycle/bundle/bundle-catalog.ts";
import type { CheckObjectDeps } from "../core/lifecycle/check-version-object.ts";
import type { CronState } from "../core/lifecycle/cron/cron-state.ts";
import type { DeploymentFinder } from "../core/lifecycle/find-deployment.ts";
import type { FreshnessSettings } from "../core/lifecycle/freshness/settings.ts";
import type { RefreshDeps } from "../core/lifecycle/refresh-deployment.ts";

/** What the crons work with. Without `sharedCache` nothing is known of other isolates. */
export interface TickDeps extends RefreshDeps {
  readonly finder: DeploymentFinder;
  /** What is not to be checked the cron leaves alone, too. */
  readonly freshness: FreshnessSettings;
  readonly bundles: BundleCatalog;
  readonly cron: CronState;
  /** Missing: nobody looks at what stands in the bucket under a loaded version. */
  readonly objects?: CheckObjectDeps["objects"];
  readonly bytesCache?: CheckObjectDeps["bytesCache"];
  /** Missing without a second bucket: its cron then does nothing. */
  readonly backup?: BackupDeps | undefined;
}
