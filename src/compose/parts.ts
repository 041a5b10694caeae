import type { BackupDeps } from "../core/lifecycle/backup/backup-deps.ts";
import type { BundleCatalog } from "../core/lifecycle/bundle/bundle-catalog.ts";
import type { CronState } from "../core/lifecycle/cron/cron-state.ts";
import { maxFileBytes } from "../core/lifecycle/fetch-version.ts";
import type { VersionObjects } from "../core/lifecycle/version-objects.ts";
import type { Engine } from "../core/ports/engine.ts";
import type { Adapters } from "./adapters.ts";
import type { LazyPremium } from "./premium.ts";
import type { RedisStores } from "./redis-stores.ts";
import type { ServingCore } from "./serving-core.ts";

/** What lives as long as the isolate: the doors and the crons are given their shares of it. */
export interface Parts {
  readonly adapters: Adapters;
  readonly engine: Engine;
  readonly core: ServingCore;
  readonly stores: RedisStores;
  readonly premium: LazyPremium;
  /** Missing without a second bucket. */
  readonly backup: BackupDeps | undefined;
  readonly objects: VersionObjects;
  readonly bundles: BundleCatalog;
  readonly cron: CronState;
}

/** What backups, verification and restores work with; `undefined` without a second bucket. */
export function backupOf(
  { store, backupStore, clock, events, random, newId }: Adapters,
  engine: Engine,
): BackupDeps | undefined {
  if (backupStore === undefined) return undefined;
  const maxBytes = maxFileBytes({ engine });
  return { store, backup: backupStore, clock, events, random, newId, maxBytes };
}
