import { ModelCache } from "../core/cache/model-cache.ts";
import { PredictionCache } from "../core/cache/prediction-cache.ts";
import type { PredictionDefaults } from "../core/cache/prediction-policy.ts";
import { RedisPredictions } from "../core/cache/redis-predictions.ts";
import { DeploymentFinder } from "../core/lifecycle/find-deployment.ts";
import { CatalogFeed } from "../core/lifecycle/freshness/catalog-feed.ts";
import { obeyOrder } from "../core/lifecycle/freshness/obey-order.ts";
import { type FreshnessSettings, isFollowed } from "../core/lifecycle/freshness/settings.ts";
import { type RefreshDeps, refreshDeployment } from "../core/lifecycle/refresh-deployment.ts";
import type { SignatureRules } from "../core/lifecycle/signature/apply-policy.ts";
import { VersionLoader } from "../core/lifecycle/version-loader.ts";
import type { BytesCache } from "../core/ports/bytes-cache.ts";
import type { Clock } from "../core/ports/clock.ts";
import type { Digest } from "../core/ports/digest.ts";
import type { Engine } from "../core/ports/engine.ts";
import type { Events } from "../core/ports/events.ts";
import type { ObjectStore } from "../core/ports/object-store.ts";
import type { SharedCache } from "../core/ports/shared-cache.ts";
import { JoinRuns } from "../core/predict/joining/join-runs.ts";
import { StatisticsBook } from "../core/predict/statistics.ts";
import { Catalog } from "../core/routing/catalog.ts";

/** What a serving core stands on: adapters that are made already. */
export interface ServingPorts {
  readonly store: ObjectStore;
  /** Missing without a second bucket. */
  readonly backupStore: ObjectStore | undefined;
  /** Missing without Redis: each model in use is asked about in the bucket then. */
  readonly sharedCache: SharedCache | undefined;
  /** Missing: bytes come from the bucket at each load. */
  readonly bytesCache: BytesCache | undefined;
  /** Missing: signatures are not looked at. */
  readonly signatures?: SignatureRules;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly digest: Digest;
  readonly events: Events;
  /** 0 ≤ r < 1. */
  readonly random: () => number;
}

export interface ServingSettings {
  /** Budgets in bytes. */
  readonly modelCacheMaxBytes: number;
  readonly predictionCacheMaxBytes: number;
  readonly predictionDefaults: PredictionDefaults;
  /** Milliseconds that a request waits for a kept prediction in Redis at most. */
  readonly redisDeadlineMs: number;
  readonly freshness: FreshnessSettings;
  /** Whether bytes come from the bucket at each load, past the bytes cache. */
  readonly forceReload: boolean;
}

export type ServingCore = ReturnType<typeof createServingCore>;

/**
 * The parts that find, load and answer models, tied to each other: one set for an isolate, which
 * the Worker and the tests make alike. No I/O.
 */
export function createServingCore(ports: ServingPorts, settings: ServingSettings) {
  const { store, backupStore, sharedCache, bytesCache, signatures, engine, clock, events } = ports;
  const catalog = new Catalog();
  const predictions = createPredictions(ports, settings, catalog, () => feed?.epoch);
  const models = createModels(ports, settings, catalog, predictions);
  const loader = new VersionLoader({
    store,
    backupStore,
    bytesCache,
    engine,
    models,
    clock,
    events,
    forcesReload: (model) =>
      catalog.get(model)?.deployment.policy?.force_reload ?? settings.forceReload,
    publishedDigest: (model, version) => catalog.get(model)?.deployment.digests?.[version],
    ...(signatures && { signatures }),
  });
  const refresh = { store, backupStore, sharedCache, catalog, models, loader, clock, events };
  const feed = createFeed(refresh, settings.freshness, predictions);
  const finder = createFinder(refresh, settings.freshness, feed);
  return {
    /** What a prediction is answered with, its run its own. */
    serve: { ...refresh, finder, predictions, statistics: new StatisticsBook() },
    /** Puts rows of concurrent requests into one run. */
    joining: new JoinRuns({ deploymentOf: (model) => catalog.get(model)?.deployment }),
    /** How the isolate follows the shared catalog; missing without Redis. */
    feed,
  };
}

function createPredictions(
  { sharedCache, clock, digest, events, random }: ServingPorts,
  { predictionCacheMaxBytes, predictionDefaults, redisDeadlineMs }: ServingSettings,
  catalog: Catalog,
  epochOf: () => number | undefined,
): PredictionCache {
  return new PredictionCache({
    maxBytes: predictionCacheMaxBytes,
    defaults: predictionDefaults,
    deploymentOf: (model) => catalog.get(model)?.deployment,
    redis:
      sharedCache &&
      new RedisPredictions({ sharedCache, deadlineMs: redisDeadlineMs, clock, events }),
    epochOf,
    clock,
    digest,
    events,
    random,
  });
}

/** What leaves the engine is forgotten by whatever knew it as loaded. */
const createModels = (
  { events }: ServingPorts,
  { modelCacheMaxBytes }: ServingSettings,
  catalog: Catalog,
  predictions: PredictionCache,
): ModelCache =>
  new ModelCache({
    maxBytes: modelCacheMaxBytes,
    onRelease: ({ model, version, memoryBytes }, why) => {
      if (why === "unloaded") predictions.versions.forget(model, version);
      catalog.versionLeft(model, version);
      events.emit({ kind: "version_released", model, version, why, memoryBytes });
    },
  });

function createFeed(
  refresh: RefreshDeps,
  freshness: FreshnessSettings,
  predictions: PredictionCache,
): CatalogFeed | undefined {
  const { sharedCache, catalog, clock, events } = refresh;
  if (sharedCache === undefined) return undefined;
  return new CatalogFeed({
    sharedCache,
    catalog,
    clock,
    events,
    follows: (model) => isFollowed(freshness, catalog.get(model)?.deployment),
    refresh: (context, model) => refreshDeployment(refresh, context, model),
    obey: (order) => obeyOrder({ ...refresh, predictions }, order),
  });
}

function createFinder(
  refresh: RefreshDeps,
  freshness: FreshnessSettings,
  feed: CatalogFeed | undefined,
): DeploymentFinder {
  const { store, backupStore, catalog, models, clock, events } = refresh;
  return new DeploymentFinder({
    store,
    backupStore,
    catalog,
    models,
    clock,
    events,
    freshness,
    feed,
    refresh: (context, model) => refreshDeployment(refresh, context, model),
  });
}
