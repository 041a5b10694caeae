import type { ModelCache } from "../cache/model-cache.ts";
import { modelsPrefix } from "../model/keys.ts";
import type { Clock } from "../ports/clock.ts";
import type { Engine } from "../ports/engine.ts";
import type { JobStore } from "../ports/job-store.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import type { SharedCache } from "../ports/shared-cache.ts";

export interface HealthDeps {
  readonly store: ObjectStore;
  readonly sharedCache: SharedCache | undefined;
  readonly engine: Engine;
  readonly models: ModelCache;
  readonly clock: Clock;
  /** Left out: nothing is told of jobs. */
  readonly jobs?: {
    readonly store: JobStore;
    /** Queued and running ones from which on there are too many. */
    readonly backlogWarn: number;
  };
}

export interface DependencyHealth {
  readonly status: "up" | "down" | "not_configured";
  readonly latency_ms?: number;
  /** Kind of trouble; never a host, key or token. */
  readonly reason?: string;
}

/** Work that waits. A long queue makes nobody less able to answer, so it only warns. */
export interface JobsHealth {
  readonly queued: number;
  readonly running: number;
  readonly dead: number;
  /** Of what is queued or running; 0 when nothing is. */
  readonly oldest_seconds: number;
  readonly status: "ok" | "warn";
}

export interface Health {
  /** `degraded`: it serves, with something missing. */
  readonly status: "ok" | "degraded" | "down";
  readonly ready: boolean;
  readonly dependencies: { readonly s3: DependencyHealth; readonly redis: DependencyHealth };
  readonly engine: { readonly used_bytes: number; readonly limit_bytes: number };
  readonly models: {
    readonly loaded: number;
    readonly bytes: number;
    readonly budget_bytes: number;
  };
  /** Missing without Redis, and while it does not answer. */
  readonly jobs?: JobsHealth;
}

const PROBE_DEADLINE_MS = 2_000;

/** Asks every dependency at once. One LIST of one key, one PING, one count of jobs; two seconds at most. */
export async function readHealth(deps: HealthDeps): Promise<Health> {
  const { engine, models } = deps;
  const [s3, redis, jobs] = await Promise.all([
    probeStore(deps),
    probeSharedCache(deps),
    countJobs(deps),
  ]);
  const loaded = models.loaded().length;
  const ready = s3.status === "up" || loaded > 0;
  const whole = s3.status === "up" && redis.status !== "down";
  const memory = engine.memory();
  return {
    status: whole ? "ok" : ready ? "degraded" : "down",
    ready,
    dependencies: { s3, redis },
    engine: { used_bytes: memory.usedBytes, limit_bytes: memory.limitBytes },
    models: { loaded, bytes: models.bytes, budget_bytes: models.maxBytes },
    ...(jobs === undefined ? {} : { jobs }),
  };
}

/**
 * Whether predictions can be answered: by what is loaded, else by the store. At most one LIST of one
 * key, and two seconds; Redis is not asked, since predictions go on without it.
 */
export async function isReady(deps: Pick<HealthDeps, "store" | "models" | "clock">) {
  return deps.models.size > 0 || (await probeStore(deps)).status === "up";
}

async function probeStore({
  store,
  clock,
}: Pick<HealthDeps, "store" | "clock">): Promise<DependencyHealth> {
  const startedMs = clock.now();
  const page = await store.list(modelsPrefix, { deadlineMs: PROBE_DEADLINE_MS, limit: 1 });
  return probed(clock.now() - startedMs, page.ok ? undefined : page.failure.reason);
}

async function probeSharedCache({ sharedCache, clock }: HealthDeps): Promise<DependencyHealth> {
  if (sharedCache === undefined) return { status: "not_configured" };
  const startedMs = clock.now();
  const pong = await sharedCache.ping(PROBE_DEADLINE_MS);
  return probed(clock.now() - startedMs, pong.ok ? undefined : pong.failure.reason);
}

async function countJobs({ jobs, clock }: HealthDeps): Promise<JobsHealth | undefined> {
  const counted = await jobs?.store.counts(clock.now(), PROBE_DEADLINE_MS);
  if (jobs === undefined || counted?.ok !== true) return undefined;
  const { counts, oldestMs } = counted.value;
  const { queued, running, dead } = counts;
  const status = queued + running >= jobs.backlogWarn ? "warn" : "ok";
  return { queued, running, dead, oldest_seconds: Math.floor(oldestMs / 1000), status };
}

const probed = (latencyMs: number, reason: string | undefined): DependencyHealth =>
  reason === undefined
    ? { status: "up", latency_ms: latencyMs }
    : { status: "down", latency_ms: latencyMs, reason };
