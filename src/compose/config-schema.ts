import * as z from "zod/mini";
import { parseAllowedHosts } from "../adapters/remote/allowed-hosts.ts";
import { parsePublicKeys } from "../adapters/web-platform/public-keys.ts";
import { SIGNATURE_POLICIES } from "../core/lifecycle/signature/apply-policy.ts";
import { DEFAULT_MODEL_BUDGET_BYTES } from "../core/model/limits.ts";
import {
  flag,
  keyPrefix,
  optional,
  parsedBy,
  required,
  type Setting,
  scopes,
  setting,
  text,
  url,
  urlOrNone,
  whole,
} from "./config-fields.ts";

const MIB = 1024 * 1024;

/**
 * Every setting of the Worker, from variables and secrets of the same names. The
 * descriptions are the documentation: docs/configuration.md is made from them.
 */
export const SETTINGS = {
  S3_ENDPOINT: required(
    "URL of the S3-compatible store, such as `https://s3.example.com`. Path-style addressing is used.",
    url,
  ),
  S3_BUCKET: required("Bucket that holds the models."),
  S3_REGION: setting(
    "Region for the request signature; `auto` suits R2 and the local store.",
    text,
    "auto",
  ),
  S3_ACCESS_KEY_ID: required("Access key. A secret."),
  S3_SECRET_ACCESS_KEY: required("Secret key. A secret."),
  S3_PREFIX: setting(
    "Put before every key, such as `freshet/`. Empty: the bucket's root.",
    keyPrefix,
    "",
  ),
  BACKUP_S3_ENDPOINT: setting(
    "URL of the store of the second bucket, which gets a copy of the registry each hour. With it `BACKUP_S3_BUCKET` and both keys are needed; all empty: no backup.",
    urlOrNone,
    "",
  ),
  BACKUP_S3_BUCKET: optional("The second bucket; best with another provider or account."),
  BACKUP_S3_REGION: setting("Region of the second bucket.", text, "auto"),
  BACKUP_S3_ACCESS_KEY_ID: optional("Access key of the second bucket. A secret."),
  BACKUP_S3_SECRET_ACCESS_KEY: optional("Secret key of the second bucket. A secret."),
  BACKUP_S3_PREFIX: setting("Put before every key in the second bucket.", keyPrefix, ""),
  UPSTASH_REDIS_REST_URL: setting(
    "URL of the Upstash Redis REST endpoint. Empty: no shared cache.",
    urlOrNone,
    "",
  ),
  UPSTASH_REDIS_REST_TOKEN: optional("Token for it. A secret."),
  FRESHET_ADMIN_TOKEN: optional(
    "Bearer token that may do everything. A secret. Empty: nobody may do what is not public.",
  ),
  FRESHET_PUBLIC_SCOPES: setting(
    "Scopes that need no token: a comma-separated list of `infer`, `read`. `npm start` sets `infer,read` when it listens on loopback.",
    scopes,
    [],
  ),
  FRESHET_ENV: setting(
    "Name of the environment: part of the shared cache's keys; `dev`, a developer's own, logs for people and lets whoever may predict append to conversations; the others log JSON.",
    () => z.enum(["dev", "staging", "production"], "must be dev, staging or production"),
    "dev",
  ),
  REVALIDATE_MS: whole(
    "Milliseconds after which a model's deployment is checked again, in the background of the request that notices.",
    5_000,
    0,
  ),
  MAX_STALE_MS: whole(
    "Milliseconds since the last confirmation after which a model counts as stale and degraded; it is served on, unless `STRICT_FRESHNESS` is on.",
    3_600_000,
    0,
  ),
  STRICT_FRESHNESS: flag(
    "Refuse with 503 what has not been confirmed for `MAX_STALE_MS`, rather than serve it on.",
    false,
  ),
  CHECK_FRESHNESS: flag(
    "Check deployments in the background. Off: an isolate serves what it first saw until it ends, or somebody calls `cache refresh`; orders to clear and to refresh reach it through Redis all the same.",
    true,
  ),
  FORCE_RELOAD: flag(
    "Fetch bytes from the store for each load, past the Cache API. For finding faults.",
    false,
  ),
  USE_CACHE: flag("Answer equal inputs to the same version from a cache.", true),
  CACHE_TTL_MS: whole("Milliseconds for which a cached prediction is fresh.", 60_000, 0),
  CACHE_STALE_MS: whole(
    "Milliseconds after `CACHE_TTL_MS` in which a cached prediction may be answered while it is made anew, or when that fails.",
    300_000,
    0,
  ),
  PREDICTION_CACHE_MAX_BYTES: whole(
    "Budget in bytes for cached predictions in one isolate, least recently used out first. 0: none.",
    8 * MIB,
    0,
    64 * MIB,
  ),
  REDIS_DEADLINE_MS: whole(
    "Milliseconds that a request waits for Redis at most; a timeout counts as a miss.",
    100,
    1,
    10_000,
  ),
  CONVERSATION_TTL_DAYS: whole(
    "Days since its last event for which a conversation is kept ([conversations.md](conversations.md)).",
    90,
    1,
    3_650,
  ),
  JOBS_BACKLOG_WARN: whole(
    "Jobs queued or running from which on `/health` warns of a backlog ([jobs.md](jobs.md)).",
    1_000,
    1,
  ),
  MODEL_CACHE_MAX_BYTES: whole(
    "Budget in bytes for the memory of loaded models in one isolate, measured, least recently used out first.",
    DEFAULT_MODEL_BUDGET_BYTES,
    MIB,
    96 * MIB,
  ),
  MAX_BODY_BYTES: whole(
    "Largest request body in bytes, counted before and after decompression.",
    64 * MIB,
    1024,
    100 * MIB,
  ),
  MAX_ROWS: whole(
    "Most rows of one request of `/v1/models/{m}/predict` in JSON or CSV; a stream of lines has no limit ([predictions.md](predictions.md)).",
    1_000,
    1,
    100_000,
  ),
  SIGNATURE_POLICY: setting(
    "What becomes of a version that no trusted key has signed, when it is published and when it is loaded: `off` looks at nothing, `warn` logs it, `require` refuses it ([integrity.md](integrity.md)).",
    () => z.enum(SIGNATURE_POLICIES, `must be one of ${SIGNATURE_POLICIES.join(", ")}`),
    "off",
  ),
  SIGNATURE_PUBLIC_KEYS: setting(
    "Trusted public keys in PEM, ECDSA P-256 or Ed25519, one after the other.",
    parsedBy(parsePublicKeys),
    [],
  ),
  FRESHET_REMOTE_HOSTS: setting(
    "Hosts that remote strategies may send requests to: a comma-separated list of `host` or `host:port`, without wildcards; the port left out is the scheme's own. Names only, reached by https; with `FRESHET_ENV` = `dev` also loopback addresses, by http as well. Empty: none ([premium.md](premium.md)).",
    parsedBy(parseAllowedHosts),
    [],
  ),
  JOB_LEASE_MS: whole(
    "Milliseconds after which a premium job whose holder is silent is taken over by the next cron.",
    30_000,
    500,
    600_000,
  ),
  PREMIUM_TIMEOUT_MS: whole(
    "Milliseconds that one attempt at a premium answer may take, where the strategy has no `timeout_ms`.",
    20_000,
    1,
    600_000,
  ),
  LOG_LEVEL: setting(
    "Least level that is logged. `debug` adds a line for each inference.",
    () => z.enum(["debug", "info", "warn", "error"], "must be debug, info, warn or error"),
    "info",
  ),
};

/** Every setting, read. */
export type Config = {
  readonly [Name in keyof typeof SETTINGS]: (typeof SETTINGS)[Name] extends Setting<infer T>
    ? T
    : never;
};
