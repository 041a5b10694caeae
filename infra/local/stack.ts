import { createHash } from "node:crypto";
import { join } from "node:path";
import type { S3Config } from "../../src/adapters/s3/config.ts";
import { createS3ObjectStore } from "../../src/adapters/s3/object-store.ts";
import { createSystemClock } from "../../src/adapters/web-platform/clock.ts";
import type { JobStore } from "../../src/core/ports/job-store.ts";
import type { ObjectStore } from "../../src/core/ports/object-store.ts";
import { buildWorker } from "../build/build.ts";
import { lockDataDir } from "./data-lock.ts";
import { freePort } from "./free-port.ts";
import { createNodeDigest } from "./node-digest.ts";
import {
  hasRedisServer,
  type RedisBackend,
  startRedisInMemory,
  startRedisServer,
} from "./redis-backend.ts";
import { type RedisBridge, startRedisBridge } from "./redis-bridge.ts";
import { jobsIn, releaseJobs, untilJobsRest } from "./rest-jobs.ts";
import { localS3Config } from "./s3.ts";
import { publishExamples } from "./seed.ts";
import { isLoopback, type StackSettings } from "./settings.ts";
import { startWorker } from "./start-worker.ts";
import { untilReady } from "./until-ready.ts";

/** The crons that the Worker is deployed with, and how often they are fired here. */
const EVERY_MINUTE = "* * * * *";
const EVERY_HOUR = "0 * * * *";
const MINUTE_MS = 60_000;
const LOCAL_ENV = "dev";
const LOCAL_ENTRY = join(import.meta.dirname, "..", "..", "functions", "local.ts");

/** A running stack. */
export interface Stack {
  readonly url: string;
  readonly adminToken: string;
  /** The bucket the Worker serves from: the embedded one, or what the environment names. */
  readonly s3: S3Config;
  readonly store: ObjectStore;
  readonly redis: RedisBackend["kind"] | "external";
  /** Models that this boot published. */
  readonly published: readonly string[];
  /** Those in the embedded Redis; `undefined` with one of the environment. */
  readonly jobs: JobStore | undefined;
  /** Fires one of the Worker's crons now: the minute's, unless said otherwise. */
  fireCron(cron?: string): Promise<void>;
  /**
   * Waits for jobs that are being worked on, `shutdownMs` at most, gives the others back to the
   * queue, and ends everything. Jobs in a Redis of the environment are left alone: others may work
   * on them.
   */
  stop(): Promise<void>;
}

/**
 * Boots S3, Redis endpoint, Worker and cron, publishes the examples into an empty
 * embedded store, and answers once `/health/ready` does.
 * @throws StackError with what to do, when it cannot start; nothing is left running
 */
export async function startStack(settings: StackSettings): Promise<Stack> {
  const undo: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    return await boot(settings, undo, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function boot(
  settings: StackSettings,
  undo: (() => Promise<unknown>)[],
  stop: () => Promise<void>,
): Promise<Stack> {
  const lock = await lockDataDir(settings.dataDir);
  undo.push(lock.release);
  const port = settings.port === 0 ? await freePort() : settings.port;
  const redis = await startRedis(settings, undo, () => void lock.recordChildren());
  const jobs = redis.bridge && jobsIn(redis.bridge, settings.given.FRESHET_ENV ?? LOCAL_ENV);
  // What a step undoes is undone in reverse: the Worker is gone before its jobs are given back.
  if (jobs !== undefined) undo.push(() => releaseJobs(jobs));
  await lock.recordChildren();
  const built = await buildWorker(join(settings.dataDir, "build"), LOCAL_ENTRY);
  const url = `http://${settings.host.includes(":") ? `[${settings.host}]` : settings.host}:${port}`;
  const isEmbedded = settings.given.S3_ENDPOINT === undefined;
  const s3 = isEmbedded ? localS3Config(loopbackUrl(settings.host, port)) : givenS3(settings);
  const vars = { ...varsFor(settings, s3, redis.bridge), ...settings.given };
  const miniflare = await startWorker(settings, port, built, vars);
  undo.push(() => miniflare.dispose());
  if (jobs !== undefined) undo.push(() => untilJobsRest(jobs, settings.shutdownMs));
  await lock.recordChildren();
  const store = createS3ObjectStore(s3, {
    digest: createNodeDigest(),
    clock: createSystemClock(),
    random: Math.random,
  });
  const published = isEmbedded ? await publishExamples(store) : [];
  const fireCron = async (cron = EVERY_MINUTE) => {
    await fetch(
      `${loopbackUrl(settings.host, port)}/cdn-cgi/handler/scheduled?cron=${encodeURIComponent(cron)}`,
    );
  };
  const timer = setInterval(() => void fireCron().catch(() => undefined), MINUTE_MS);
  const hourly = setInterval(
    () => void fireCron(EVERY_HOUR).catch(() => undefined),
    60 * MINUTE_MS,
  );
  undo.push(async () => {
    clearInterval(timer);
    clearInterval(hourly);
  });
  await untilReady(loopbackUrl(settings.host, port));
  const { adminToken } = settings;
  return { url, adminToken, s3, store, redis: redis.kind, jobs, published, fireCron, stop };
}

async function startRedis(
  settings: StackSettings,
  undo: (() => Promise<unknown>)[],
  onRestart: () => void,
): Promise<{
  readonly kind: Stack["redis"];
  readonly bridge?: RedisBridge & { readonly token: string };
}> {
  if (settings.given.UPSTASH_REDIS_REST_URL !== undefined) return { kind: "external" };
  const backend = hasRedisServer()
    ? await startRedisServer(join(settings.dataDir, "redis"), onRestart)
    : startRedisInMemory();
  undo.push(() => backend.stop());
  // Not the admin token itself: whoever sees the one must not have the other.
  const token = createHash("sha256").update(`redis ${settings.adminToken}`).digest("base64url");
  const bridge = await startRedisBridge(backend, token);
  undo.push(() => bridge.stop());
  return { kind: backend.kind, bridge: { ...bridge, token } };
}

function varsFor(
  settings: StackSettings,
  s3: S3Config,
  redis: { readonly url: string; readonly token: string } | undefined,
): Record<string, string> {
  return {
    S3_ENDPOINT: s3.endpoint,
    S3_BUCKET: s3.bucket,
    S3_REGION: s3.region,
    S3_ACCESS_KEY_ID: s3.accessKeyId,
    S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
    S3_PREFIX: s3.prefix,
    ...(redis === undefined
      ? {}
      : { UPSTASH_REDIS_REST_URL: redis.url, UPSTASH_REDIS_REST_TOKEN: redis.token }),
    FRESHET_ADMIN_TOKEN: settings.adminToken,
    FRESHET_ENV: LOCAL_ENV,
    // On loopback only this machine's users can ask; anywhere else a token is needed.
    FRESHET_PUBLIC_SCOPES: isLoopback(settings.host) ? "infer,read" : "",
  };
}

const givenS3 = ({ given }: StackSettings): S3Config => ({
  endpoint: given.S3_ENDPOINT ?? "",
  bucket: given.S3_BUCKET ?? "",
  region: given.S3_REGION ?? "auto",
  accessKeyId: given.S3_ACCESS_KEY_ID ?? "",
  secretAccessKey: given.S3_SECRET_ACCESS_KEY ?? "",
  prefix: given.S3_PREFIX ?? "",
});

/** Where the stack reaches itself: a wildcard address is no destination. */
const loopbackUrl = (host: string, port: number): string =>
  `http://${isLoopback(host) && !host.includes(":") ? host : "127.0.0.1"}:${port}`;
