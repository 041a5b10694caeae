import { version } from "../../package.json";
import { createConsoleEvents } from "../adapters/console/events.ts";
import { createS3ObjectStore } from "../adapters/s3/object-store.ts";
import { createS3UploadStore } from "../adapters/s3/uploads.ts";
import { createUpstashSharedCache } from "../adapters/upstash/shared-cache.ts";
import { createSystemClock } from "../adapters/web-platform/clock.ts";
import { createWorkersDigest } from "../adapters/web-platform/digest.ts";
import { createWebSignatureVerifier } from "../adapters/web-platform/signature.ts";
import { ModelCache } from "../core/cache/model-cache.ts";
import type { BackupDeps } from "../core/lifecycle/backup/backup-deps.ts";
import { maxFileBytes } from "../core/lifecycle/fetch-version.ts";
import { DeploymentFinder } from "../core/lifecycle/find-deployment.ts";
import { type RefreshDeps, refreshDeployment } from "../core/lifecycle/refresh-deployment.ts";
import type { SignatureRules } from "../core/lifecycle/signature/apply-policy.ts";
import { VersionLoader } from "../core/lifecycle/version-loader.ts";
import type { Engine } from "../core/ports/engine.ts";
import { StatisticsBook } from "../core/predict/statistics.ts";
import { Catalog } from "../core/routing/catalog.ts";
import { createApp } from "../http/app.ts";
import type { HttpDeps } from "../http/deps.ts";
import type { Config } from "./config.ts";

/** Everything that lives as long as the isolate, wired once. */
export interface Isolate {
  readonly app: ReturnType<typeof createApp>;
  readonly refresh: RefreshDeps;
  /** Missing without a second bucket. */
  readonly backup: BackupDeps | undefined;
}

/** Builds adapters and state from a complete configuration and the started engine. No I/O. */
export function createIsolate(config: Config, engine: Engine): Isolate {
  const clock = createSystemClock();
  const events = createConsoleEvents(
    { level: config.LOG_LEVEL, form: config.FRESHET_ENV === "dev" ? "text" : "json" },
    console,
  );
  const digest = createWorkersDigest();
  const newId = () => crypto.randomUUID();
  const store = createS3ObjectStore(storeConfig(config), {
    digest,
    clock,
    random: Math.random,
  });
  const backupStore = backupStoreOf(config, { digest, clock, random: Math.random });
  const models = new ModelCache({
    maxBytes: config.MODEL_CACHE_MAX_BYTES,
    onRelease: ({ model, version, memoryBytes }, why) =>
      events.emit({ kind: "version_released", model, version, why, memoryBytes }),
  });
  const catalog = new Catalog();
  const signatures: SignatureRules = {
    policy: config.SIGNATURE_POLICY,
    verifier: createWebSignatureVerifier(config.SIGNATURE_PUBLIC_KEYS),
    digest,
    events,
  };
  const loader = new VersionLoader({
    store,
    backupStore,
    engine,
    models,
    clock,
    events,
    signatures,
  });
  const refresh: RefreshDeps = { store, backupStore, catalog, models, loader, clock, events };
  const finder = new DeploymentFinder({
    store,
    backupStore,
    catalog,
    clock,
    events,
    revalidateMs: config.REVALIDATE_MS,
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
  const deps: HttpDeps = {
    serve: { ...refresh, finder, statistics: new StatisticsBook() },
    registry: { store, engine, models, clock, random: Math.random, newId, signatures },
    backup,
    store,
    uploads: createS3UploadStore(storeConfig(config), { clock, random: Math.random }),
    digest,
    sharedCache: sharedCacheOf(config),
    engine,
    clock,
    events,
    settings: {
      maxBodyBytes: config.MAX_BODY_BYTES,
      publicScopes: new Set(config.FRESHET_PUBLIC_SCOPES),
      adminToken: config.FRESHET_ADMIN_TOKEN,
      environment: config.FRESHET_ENV,
      version,
    },
    newId,
    random: Math.random,
  };
  return { app: createApp(deps), refresh, backup };
}

const storeConfig = (config: Config) => ({
  endpoint: config.S3_ENDPOINT,
  bucket: config.S3_BUCKET,
  region: config.S3_REGION,
  accessKeyId: config.S3_ACCESS_KEY_ID,
  secretAccessKey: config.S3_SECRET_ACCESS_KEY,
  prefix: config.S3_PREFIX,
});

const backupStoreOf = (config: Config, deps: Parameters<typeof createS3ObjectStore>[1]) =>
  config.BACKUP_S3_ENDPOINT === ""
    ? undefined
    : createS3ObjectStore(
        {
          endpoint: config.BACKUP_S3_ENDPOINT,
          bucket: config.BACKUP_S3_BUCKET,
          region: config.BACKUP_S3_REGION,
          accessKeyId: config.BACKUP_S3_ACCESS_KEY_ID,
          secretAccessKey: config.BACKUP_S3_SECRET_ACCESS_KEY,
          prefix: config.BACKUP_S3_PREFIX,
        },
        deps,
      );

const sharedCacheOf = (config: Config) =>
  config.UPSTASH_REDIS_REST_URL === ""
    ? undefined
    : createUpstashSharedCache({
        url: config.UPSTASH_REDIS_REST_URL,
        token: config.UPSTASH_REDIS_REST_TOKEN,
        keyPrefix: `freshet:${config.FRESHET_ENV}:`,
      });
