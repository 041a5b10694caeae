import { version } from "../../package.json";
import { createConsoleEvents } from "../adapters/console/events.ts";
import type { SecretOf } from "../adapters/remote/check-strategy.ts";
import { createS3ObjectStore } from "../adapters/s3/object-store.ts";
import { createS3UploadStore } from "../adapters/s3/uploads.ts";
import { createUpstashSharedCache } from "../adapters/upstash/shared-cache.ts";
import { createCacheApi } from "../adapters/web-platform/cache-api.ts";
import { createSystemClock } from "../adapters/web-platform/clock.ts";
import { createWorkersDigest } from "../adapters/web-platform/digest.ts";
import { gzip } from "../adapters/web-platform/gzip.ts";
import { createWebSignatureVerifier } from "../adapters/web-platform/signature.ts";
import { ModelCache } from "../core/cache/model-cache.ts";
import { PredictionCache } from "../core/cache/prediction-cache.ts";
import { RedisGuard } from "../core/cache/redis-guard.ts";
import { RedisPredictions } from "../core/cache/redis-predictions.ts";
import { BundleCatalog } from "../core/lifecycle/bundle/bundle-catalog.ts";
import { CronState } from "../core/lifecycle/cron/cron-state.ts";
import { maxFileBytes } from "../core/lifecycle/fetch-version.ts";
import { DeploymentFinder } from "../core/lifecycle/find-deployment.ts";
import { readEpoch } from "../core/lifecycle/freshness/announce.ts";
import { CatalogFeed } from "../core/lifecycle/freshness/catalog-feed.ts";
import { obeyOrder } from "../core/lifecycle/freshness/obey-order.ts";
import type { FreshnessSettings } from "../core/lifecycle/freshness/settings.ts";
import { type RefreshDeps, refreshDeployment } from "../core/lifecycle/refresh-deployment.ts";
import type { SignatureRules } from "../core/lifecycle/signature/apply-policy.ts";
import { VersionLoader } from "../core/lifecycle/version-loader.ts";
import { VersionObjects } from "../core/lifecycle/version-objects.ts";
import type { Engine } from "../core/ports/engine.ts";
import { JoinRuns } from "../core/predict/joining/join-runs.ts";
import { StatisticsBook } from "../core/predict/statistics.ts";
import { Catalog } from "../core/routing/catalog.ts";
import type { TickDeps } from "../cron/tick-deps.ts";
import { createApp } from "../http/app.ts";
import type { HttpDeps } from "../http/deps.ts";
import type { Config } from "./config-schema.ts";
import { createLazyPremium } from "./premium.ts";
import { createOnEntityFinished, createRecordKeeping, createSettleUnsettled } from "./records.ts";
import {
  createLazyConversationStore,
  createLazyEntityStore,
  createLazyJobStore,
} from "./redis-stores.ts";
import { createLazyRemoteModels } from "./remote-models.ts";
import { backupStoreOf, storeConfig, switchesOf, upstashOf } from "./settings-of.ts";

const DAY_MS = 86_400_000;

/** Everything that lives as long as the isolate, wired once. */
export interface Isolate {
  readonly app: ReturnType<typeof createApp>;
  /** What the crons work with. */
  readonly tick: TickDeps;
}

/** Builds adapters and state from a complete configuration and the started engine. No I/O. */
export function createIsolate(config: Config, engine: Engine, secretOf: SecretOf): Isolate {
  const clock = createSystemClock();
  const events = createConsoleEvents(
    { level: config.LOG_LEVEL, form: config.FRESHET_ENV === "dev" ? "text" : "json" },
    console,
  );
  const digest = createWorkersDigest();
  const newId = () => crypto.randomUUID();
  const upstash = upstashOf(config);
  const sharedCache = upstash && createUpstashSharedCache(upstash);
  const store = createS3ObjectStore(storeConfig(config), {
    digest,
    clock,
    random: Math.random,
  });
  const backupStore = backupStoreOf(config, { digest, clock, random: Math.random });
  const models = new ModelCache({
    maxBytes: config.MODEL_CACHE_MAX_BYTES,
    onRelease: ({ model, version, memoryBytes }, why) => {
      if (why === "unloaded") predictions.forgetVersion(model, version);
      catalog.versionLeft(model, version);
      events.emit({ kind: "version_released", model, version, why, memoryBytes });
    },
  });
  const catalog = new Catalog();
  const predictions = new PredictionCache({
    maxBytes: config.PREDICTION_CACHE_MAX_BYTES,
    defaults: {
      useCache: config.USE_CACHE,
      ttlMs: config.CACHE_TTL_MS,
      staleMs: config.CACHE_STALE_MS,
    },
    deploymentOf: (model) => catalog.get(model)?.deployment,
    redis:
      sharedCache &&
      new RedisPredictions({ sharedCache, deadlineMs: config.REDIS_DEADLINE_MS, clock, events }),
    epochOf: () => feed?.epoch,
    clock,
    digest,
    events,
    random: Math.random,
  });
  const signatures: SignatureRules = {
    policy: config.SIGNATURE_POLICY,
    verifier: createWebSignatureVerifier(config.SIGNATURE_PUBLIC_KEYS),
    digest,
    events,
  };
  const bytesCache = config.FORCE_RELOAD
    ? undefined
    : createCacheApi({
        namespace: [config.FRESHET_ENV, config.S3_BUCKET, config.S3_PREFIX],
        digest,
        clock,
      });
  const objects = new VersionObjects();
  const bundles = new BundleCatalog();
  const cron = new CronState();
  const loader = new VersionLoader({
    store,
    backupStore,
    bytesCache,
    engine,
    models,
    clock,
    events,
    signatures,
  });
  const refresh: RefreshDeps = {
    store,
    backupStore,
    sharedCache,
    catalog,
    models,
    loader,
    clock,
    events,
  };
  const feed =
    sharedCache === undefined
      ? undefined
      : new CatalogFeed({
          sharedCache,
          catalog,
          clock,
          events,
          refresh: (context, model) => refreshDeployment(refresh, context, model),
          obey: (order) => obeyOrder({ ...refresh, predictions }, order),
        });
  const freshness: FreshnessSettings = {
    checkFreshness: config.CHECK_FRESHNESS,
    revalidateMs: config.REVALIDATE_MS,
    maxStaleMs: config.MAX_STALE_MS,
    strictFreshness: config.STRICT_FRESHNESS,
  };
  const finder = new DeploymentFinder({
    store,
    backupStore,
    catalog,
    clock,
    events,
    freshness,
    feed,
    refresh: (context, model) => refreshDeployment(refresh, context, model),
  });
  const backup =
    backupStore === undefined
      ? undefined
      : {
          store,
          backup: backupStore,
          clock,
          events,
          random: Math.random,
          newId,
          maxBytes: maxFileBytes({ engine }),
        };
  const redisGuard = new RedisGuard(clock);
  const jobs = upstash && createLazyJobStore(upstash);
  const records =
    upstash && createRecordKeeping(upstash, redisGuard, { digest, events, clock }, () => deps);
  const remote = createLazyRemoteModels(
    { hosts: config.FRESHET_REMOTE_HOSTS, isLocal: config.FRESHET_ENV === "dev" },
    { fetch: (url, init) => fetch(url, init), random: Math.random, clock, secretOf },
  );
  const statistics = new StatisticsBook();
  const joining = new JoinRuns({ deploymentOf: (model) => catalog.get(model)?.deployment });
  const premium = createLazyPremium(() => ({
    serve: { ...refresh, finder, predictions, statistics },
    predictions,
    remote,
    jobs,
    clock,
    digest,
    events,
    newId,
    random: Math.random,
    epoch: (deadlineMs) => readEpoch(sharedCache, deadlineMs),
    settings: {
      redisDeadlineMs: config.REDIS_DEADLINE_MS,
      timeoutMs: config.PREMIUM_TIMEOUT_MS,
      leaseMs: config.JOB_LEASE_MS,
    },
  }));
  const deps: HttpDeps = {
    serve: { ...refresh, finder, predictions, objects, bytesCache, statistics, joining, premium },
    registry: { store, engine, models, clock, random: Math.random, newId, signatures },
    backup,
    bundles,
    cron,
    store,
    remote,
    uploads: createS3UploadStore(storeConfig(config), { clock, random: Math.random }),
    digest,
    sharedCache,
    entities: upstash && createLazyEntityStore(upstash, redisGuard),
    conversations: upstash && createLazyConversationStore(upstash, redisGuard),
    ...(records && {
      records,
      onEntityFinished: createOnEntityFinished(() => deps, records),
    }),
    jobs,
    feed,
    tiers: {
      predictions: () => predictions.stats().isolate,
      redis: () => predictions.stats().redis ?? null,
      bytes: () => bytesCache?.counts() ?? null,
      premium: () => premium.counts(),
    },
    engine,
    clock,
    events,
    settings: {
      maxBodyBytes: config.MAX_BODY_BYTES,
      maxRows: config.MAX_ROWS,
      publicScopes: new Set(config.FRESHET_PUBLIC_SCOPES),
      adminToken: config.FRESHET_ADMIN_TOKEN,
      environment: config.FRESHET_ENV,
      conversationKeepMs: config.CONVERSATION_TTL_DAYS * DAY_MS,
      jobsBacklogWarn: config.JOBS_BACKLOG_WARN,
      switches: switchesOf(config),
      version,
    },
    newId,
    random: Math.random,
  };
  const tick: TickDeps = {
    ...refresh,
    finder,
    freshness,
    bundles,
    cron,
    objects,
    bytesCache,
    backup,
    settleUnsettled: records && createSettleUnsettled(() => deps, records),
    archive: records && { predictions: records.predictions, store, gzip, clock, newId },
    drainPremium:
      jobs &&
      (async (context) => {
        const { drainPremium } = await import("../cron/drain-premium.ts");
        await drainPremium({ ...(await premium.desk()).deps, finder, cron }, context);
      }),
  };
  return { app: createApp(deps), tick };
}
