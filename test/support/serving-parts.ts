import { ModelCache } from "../../src/core/cache/model-cache.ts";
import { DeploymentFinder } from "../../src/core/lifecycle/find-deployment.ts";
import type { FreshnessSettings } from "../../src/core/lifecycle/freshness/settings.ts";
import { refreshDeployment } from "../../src/core/lifecycle/refresh-deployment.ts";
import type { SignatureRules } from "../../src/core/lifecycle/signature/apply-policy.ts";
import { VersionLoader } from "../../src/core/lifecycle/version-loader.ts";
import type { BytesCache } from "../../src/core/ports/bytes-cache.ts";
import type { Clock } from "../../src/core/ports/clock.ts";
import type { Engine } from "../../src/core/ports/engine.ts";
import type { Events } from "../../src/core/ports/events.ts";
import type { ObjectStore } from "../../src/core/ports/object-store.ts";
import type { SharedCache } from "../../src/core/ports/shared-cache.ts";
import { JoinRuns } from "../../src/core/predict/joining/join-runs.ts";
import { StatisticsBook } from "../../src/core/predict/statistics.ts";
import { Catalog } from "../../src/core/routing/catalog.ts";
import { feedOf } from "./freshness.ts";
import { type PredictionOptions, predictionsOf } from "./predictions.ts";

/** What a serving core stands on. */
export interface ServingGround {
  readonly store: ObjectStore;
  readonly backupStore: ObjectStore | undefined;
  readonly sharedCache: SharedCache | undefined;
  readonly bytesCache?: BytesCache | undefined;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly events: Events;
  readonly maxBytes: number;
  readonly freshness: FreshnessSettings;
  /** Left out: no predictions are kept. */
  readonly predictions: PredictionOptions | undefined;
  /** Left out: signatures are not looked at. */
  readonly signatures?: SignatureRules;
}

/** The parts that find, load and answer models, tied to each other as compose wires them. */
export function servingPartsOf({ bytesCache, engine, signatures, ...ground }: ServingGround) {
  const { store, backupStore, sharedCache, clock, events } = ground;
  const catalog = new Catalog();
  const models = new ModelCache({
    maxBytes: ground.maxBytes,
    onRelease: ({ model, version, memoryBytes }, why) => {
      if (why === "unloaded") predictions?.forgetVersion(model, version);
      catalog.versionLeft(model, version);
      events.emit({ kind: "version_released", model, version, why, memoryBytes });
    },
  });
  const predictions =
    ground.predictions &&
    predictionsOf(ground.predictions, {
      deploymentOf: (model) => catalog.get(model)?.deployment,
      epochOf: () => feed?.epoch,
      clock,
      events,
      sharedCache,
    });
  const loader = new VersionLoader({
    store,
    backupStore,
    bytesCache,
    engine,
    models,
    clock,
    events,
    ...(signatures === undefined ? {} : { signatures }),
  });
  const refresh = { store, backupStore, sharedCache, catalog, models, loader, clock, events };
  const feed = feedOf({ ...refresh, predictions });
  const finder = new DeploymentFinder({
    store,
    backupStore,
    catalog,
    clock,
    events,
    freshness: ground.freshness,
    feed,
    refresh: (context, model) => refreshDeployment(refresh, context, model),
  });
  const joining = new JoinRuns({ deploymentOf: (model) => catalog.get(model)?.deployment });
  const statistics = new StatisticsBook();
  return { serve: { ...refresh, finder, predictions, statistics, joining }, feed };
}
