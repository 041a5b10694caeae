import { createConsoleEvents } from "../adapters/console/events.ts";
import type { SecretOf } from "../adapters/remote/check-strategy.ts";
import { createS3ObjectStore } from "../adapters/s3/object-store.ts";
import { createUpstashSharedCache } from "../adapters/upstash/shared-cache.ts";
import { createCacheApi } from "../adapters/web-platform/cache-api.ts";
import { createSystemClock } from "../adapters/web-platform/clock.ts";
import { createWorkersDigest } from "../adapters/web-platform/digest.ts";
import { createWebSignatureVerifier } from "../adapters/web-platform/signature.ts";
import type { SignatureRules } from "../core/lifecycle/signature/apply-policy.ts";
import type { Config } from "./config-schema.ts";
import { createLazyRemoteModels } from "./remote-models.ts";
import { backupStoreOf, storeConfig, upstashOf } from "./settings-of.ts";
import { createLazyUploadStore } from "./uploads.ts";

export type Adapters = ReturnType<typeof createAdapters>;

/** Everything outside, as the configuration names it. No I/O. */
export function createAdapters(config: Config, secretOf: SecretOf) {
  const clock = createSystemClock();
  const events = createConsoleEvents(
    { level: config.LOG_LEVEL, form: config.FRESHET_ENV === "dev" ? "text" : "json" },
    console,
  );
  const digest = createWorkersDigest();
  const { random } = Math;
  const newId = () => crypto.randomUUID();
  const upstash = upstashOf(config);
  const s3 = { digest, clock, random };
  return {
    ...{ clock, events, digest, random, newId },
    store: createS3ObjectStore(storeConfig(config), s3),
    uploads: createLazyUploadStore(storeConfig(config), s3),
    backupStore: backupStoreOf(config, s3),
    bytesCache: bytesCacheOf(config, { digest, clock }),
    /** Missing without Redis; so is what is made of it. */
    upstash,
    sharedCache: upstash && createUpstashSharedCache(upstash),
    signatures: {
      policy: config.SIGNATURE_POLICY,
      verifier: createWebSignatureVerifier(config.SIGNATURE_PUBLIC_KEYS),
      digest,
      events,
    } satisfies SignatureRules,
    remote: createLazyRemoteModels(
      { hosts: config.FRESHET_REMOTE_HOSTS, isLocal: config.FRESHET_ENV === "dev" },
      { fetch: (url, init) => fetch(url, init), random, clock, secretOf },
    ),
  };
}

const bytesCacheOf = (
  { FRESHET_ENV, S3_BUCKET, S3_PREFIX }: Config,
  deps: Omit<Parameters<typeof createCacheApi>[0], "namespace">,
) => createCacheApi({ namespace: [FRESHET_ENV, S3_BUCKET, S3_PREFIX], ...deps });
