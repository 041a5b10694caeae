import { gzip } from "../adapters/web-platform/gzip.ts";
import type { FlightContext } from "../core/cache/single-flight.ts";
import type { FreshnessSettings } from "../core/lifecycle/freshness/settings.ts";
import { drainPremium } from "../cron/drain-premium.ts";
import { runTick } from "../cron/run-tick.ts";
import type { TickDeps } from "../cron/tick-deps.ts";
import type { HttpDeps } from "../http/deps.ts";
import type { Parts } from "./parts.ts";
import { createSettleUnsettled } from "./records.ts";

/** Does what is due at a cron; loaded by the first one. */
export const tick = (
  parts: Parts,
  http: HttpDeps,
  freshness: FreshnessSettings,
  context: FlightContext,
  cron: string,
): Promise<void> => runTick(tickDepsOf(parts, http, freshness), context, cron);

function tickDepsOf(
  { adapters, engine, core, stores, premium, backup, objects, bundles, cron }: Parts,
  http: HttpDeps,
  freshness: FreshnessSettings,
): TickDeps {
  const { store, bytesCache, clock, newId } = adapters;
  const { finder } = core.serve;
  const { records, jobs } = stores;
  return {
    ...core.serve,
    engine,
    freshness,
    bundles,
    cron,
    objects,
    bytesCache,
    backup,
    settleUnsettled: records && createSettleUnsettled(() => http, records),
    archive: records && { predictions: records.predictions, store, gzip, clock, newId },
    drainPremium:
      jobs &&
      (async (context) => drainPremium({ ...(await premium.desk()).deps, finder, cron }, context)),
  };
}
