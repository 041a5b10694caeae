import type { FlightContext } from "../core/cache/single-flight.ts";
import type { BackupDeps } from "../core/lifecycle/backup/backup-deps.ts";
import type { BundleCatalog } from "../core/lifecycle/bundle/bundle-catalog.ts";
import type { CheckObjectDeps } from "../core/lifecycle/check-version-object.ts";
import type { CronState } from "../core/lifecycle/cron/cron-state.ts";
import type { TickReport } from "../core/lifecycle/cron/tick-report.ts";
import type { DeploymentFinder } from "../core/lifecycle/find-deployment.ts";
import type { FreshnessSettings } from "../core/lifecycle/freshness/settings.ts";
import type { RefreshDeps } from "../core/lifecycle/refresh-deployment.ts";
import type { Engine } from "../core/ports/engine.ts";
import type { ArchiveDeps } from "../core/quality/archive/archive-records.ts";

/** What the crons work with. Without `sharedCache` nothing is known of other isolates. */
export interface TickDeps extends RefreshDeps {
  readonly finder: DeploymentFinder;
  /** What is not to be checked the cron leaves alone, too. */
  readonly freshness: FreshnessSettings;
  readonly bundles: BundleCatalog;
  /** What is to be warm is opened in it, where there is room. */
  readonly engine: Engine;
  readonly cron: CronState;
  /** Missing: nobody looks at what stands in the bucket under a loaded version. */
  readonly objects?: CheckObjectDeps["objects"];
  readonly bytesCache?: CheckObjectDeps["bytesCache"];
  /** Missing without a second bucket: nothing is backed up then. */
  readonly backup?: BackupDeps | undefined;
  /** Missing without Redis: there are no records of predictions then. */
  readonly archive?: ArchiveDeps | undefined;
  /** Works through the premium jobs that are due; missing without Redis, which keeps them. */
  readonly drainPremium?: ((context: FlightContext) => Promise<void>) | undefined;
  /** Goes on with predictions whose entities are finished; missing without Redis, which keeps them. */
  readonly settleUnsettled?: (() => Promise<TickReport["settled"]>) | undefined;
}
