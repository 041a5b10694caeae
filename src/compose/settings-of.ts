import { version } from "../../package.json";
import { createS3ObjectStore } from "../adapters/s3/object-store.ts";
import type { UpstashConfig } from "../adapters/upstash/client.ts";
import type { FreshnessSettings } from "../core/lifecycle/freshness/settings.ts";
import type { PremiumSettings } from "../core/predict/premium/premium-task.ts";
import type { HttpSettings } from "../http/deps.ts";
import type { Config } from "./config-schema.ts";
import type { ServingSettings } from "./serving-core.ts";

const DAY_MS = 86_400_000;

export const servingSettingsOf = (config: Config): ServingSettings => ({
  modelCacheMaxBytes: config.MODEL_CACHE_MAX_BYTES,
  predictionCacheMaxBytes: config.PREDICTION_CACHE_MAX_BYTES,
  predictionDefaults: {
    useCache: config.USE_CACHE,
    ttlMs: config.CACHE_TTL_MS,
    staleMs: config.CACHE_STALE_MS,
  },
  redisDeadlineMs: config.REDIS_DEADLINE_MS,
  freshness: freshnessOf(config),
  forceReload: config.FORCE_RELOAD,
});

export const freshnessOf = (config: Config): FreshnessSettings => ({
  checkFreshness: config.CHECK_FRESHNESS,
  revalidateMs: config.REVALIDATE_MS,
  maxStaleMs: config.MAX_STALE_MS,
  strictFreshness: config.STRICT_FRESHNESS,
});

export const premiumSettingsOf = (config: Config): PremiumSettings => ({
  redisDeadlineMs: config.REDIS_DEADLINE_MS,
  timeoutMs: config.PREMIUM_TIMEOUT_MS,
  leaseMs: config.JOB_LEASE_MS,
});

export const httpSettingsOf = (config: Config): HttpSettings => ({
  maxBodyBytes: config.MAX_BODY_BYTES,
  maxRows: config.MAX_ROWS,
  publicScopes: new Set(config.FRESHET_PUBLIC_SCOPES),
  adminToken: config.FRESHET_ADMIN_TOKEN,
  environment: config.FRESHET_ENV,
  conversationKeepMs: config.CONVERSATION_TTL_DAYS * DAY_MS,
  jobsBacklogWarn: config.JOBS_BACKLOG_WARN,
  switches: switchesOf(config),
  version,
});

/** Settings of the caches, by the names that `cache status` tells them by. */
const switchesOf = (config: Config) => ({
  USE_CACHE: config.USE_CACHE,
  CHECK_FRESHNESS: config.CHECK_FRESHNESS,
  FORCE_RELOAD: config.FORCE_RELOAD,
  CACHE_TTL_MS: config.CACHE_TTL_MS,
  CACHE_STALE_MS: config.CACHE_STALE_MS,
  REVALIDATE_MS: config.REVALIDATE_MS,
  MAX_STALE_MS: config.MAX_STALE_MS,
  STRICT_FRESHNESS: config.STRICT_FRESHNESS,
  REDIS_DEADLINE_MS: config.REDIS_DEADLINE_MS,
});

export const storeConfig = (config: Config) => ({
  endpoint: config.S3_ENDPOINT,
  bucket: config.S3_BUCKET,
  region: config.S3_REGION,
  accessKeyId: config.S3_ACCESS_KEY_ID,
  secretAccessKey: config.S3_SECRET_ACCESS_KEY,
  prefix: config.S3_PREFIX,
});

export const backupStoreOf = (config: Config, deps: Parameters<typeof createS3ObjectStore>[1]) =>
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

/** `undefined` without Redis. */
export const upstashOf = (config: Config): UpstashConfig | undefined =>
  config.UPSTASH_REDIS_REST_URL === ""
    ? undefined
    : {
        url: config.UPSTASH_REDIS_REST_URL,
        token: config.UPSTASH_REDIS_REST_TOKEN,
        keyPrefix: `freshet:${config.FRESHET_ENV}:`,
      };
