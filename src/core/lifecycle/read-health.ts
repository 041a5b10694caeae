import type { ModelCache } from "../cache/model-cache.ts";
import { modelsPrefix } from "../model/keys.ts";
import type { Clock } from "../ports/clock.ts";
import type { Engine } from "../ports/engine.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import type { SharedCache } from "../ports/shared-cache.ts";

export interface HealthDeps {
  readonly store: ObjectStore;
  readonly sharedCache: SharedCache | undefined;
  readonly engine: Engine;
  readonly models: ModelCache;
  readonly clock: Clock;
}

export interface DependencyHealth {
  readonly status: "up" | "down" | "not_configured";
  readonly latency_ms?: number;
  /** Kind of trouble; never a host, key or token. */
  readonly reason?: string;
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
}

const PROBE_DEADLINE_MS = 2_000;

/** Asks every dependency at once. One LIST of one key and one PING; two seconds at most. */
export async function readHealth(deps: HealthDeps): Promise<Health> {
  const { engine, models } = deps;
  const [s3, redis] = await Promise.all([probeStore(deps), probeSharedCache(deps)]);
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
  };
}

async function probeStore({ store, clock }: HealthDeps): Promise<DependencyHealth> {
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

const probed = (latencyMs: number, reason: string | undefined): DependencyHealth =>
  reason === undefined
    ? { status: "up", latency_ms: latencyMs }
    : { status: "down", latency_ms: latencyMs, reason };
