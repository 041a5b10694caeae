import type { SecretOf } from "../adapters/remote/check-strategy.ts";
import type { FlightContext } from "../core/cache/single-flight.ts";
import { BundleCatalog } from "../core/lifecycle/bundle/bundle-catalog.ts";
import { CronState } from "../core/lifecycle/cron/cron-state.ts";
import { VersionObjects } from "../core/lifecycle/version-objects.ts";
import type { Engine } from "../core/ports/engine.ts";
import { createApp } from "../http/app.ts";
import { createAdapters } from "./adapters.ts";
import type { Config } from "./config-schema.ts";
import { httpDepsOf } from "./http-deps.ts";
import { backupOf, type Parts } from "./parts.ts";
import { createPremium } from "./premium.ts";
import { createRedisStores } from "./redis-stores.ts";
import { createServingCore } from "./serving-core.ts";
import {
  freshnessOf,
  httpSettingsOf,
  premiumSettingsOf,
  servingSettingsOf,
} from "./settings-of.ts";

/** Everything that lives as long as the isolate, wired once. */
export interface Isolate {
  readonly app: ReturnType<typeof createApp>;
  /** Does what is due at a cron. */
  tick(context: FlightContext, cron: string): Promise<void>;
}

/** Builds adapters and state from a complete configuration and the started engine. No I/O. */
export function createIsolate(config: Config, engine: Engine, secretOf: SecretOf): Isolate {
  const adapters = createAdapters(config, secretOf);
  const core = createServingCore({ ...adapters, engine }, servingSettingsOf(config));
  const stores = createRedisStores(adapters, () => http);
  const parts: Parts = {
    adapters,
    engine,
    core,
    stores,
    premium: createPremium(adapters, core, stores.jobs, premiumSettingsOf(config)),
    backup: backupOf(adapters, engine),
    objects: new VersionObjects(),
    bundles: new BundleCatalog(),
    cron: new CronState(),
  };
  const http = httpDepsOf(parts, httpSettingsOf(config));
  return {
    app: createApp(http),
    async tick(context, cron) {
      const { tick } = await import("./tick.ts");
      await tick(parts, http, freshnessOf(config), context, cron);
    },
  };
}
