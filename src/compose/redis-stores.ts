import type { UpstashConfig } from "../adapters/upstash/client.ts";
import { RedisGuard } from "../core/cache/redis-guard.ts";
import type { ConversationStore } from "../core/ports/conversation-store.ts";
import type { EntityStore } from "../core/ports/entity-store.ts";
import type { JobStore } from "../core/ports/job-store.ts";
import type { HttpDeps } from "../http/deps.ts";
import type { Adapters } from "./adapters.ts";
import { createOnEntityFinished, createRecordKeeping } from "./records.ts";

/** What is kept in Redis for good, and what keeps it; without Redis there is none of it. */
export type RedisStores = Pick<
  HttpDeps,
  "entities" | "conversations" | "jobs" | "records" | "onEntityFinished"
>;

export function createRedisStores(
  { upstash, digest, events, clock }: Adapters,
  http: () => HttpDeps,
): RedisStores {
  if (upstash === undefined) {
    return { entities: undefined, conversations: undefined, jobs: undefined };
  }
  const guard = new RedisGuard(clock);
  const records = createRecordKeeping(upstash, guard, { digest, events, clock }, http);
  return {
    entities: createLazyEntityStore(upstash, guard),
    conversations: createLazyConversationStore(upstash, guard),
    jobs: createLazyJobStore(upstash),
    records,
    onEntityFinished: createOnEntityFinished(http, records),
  };
}

/** The entity store, loaded when it is first used: a cold start does not wait for it. */
function createLazyEntityStore(config: UpstashConfig, guard: RedisGuard): EntityStore {
  const load = async () => {
    const { createUpstashEntityStore } = await import("../adapters/upstash/entity-store.ts");
    return createUpstashEntityStore(config);
  };
  return {
    getMany: (...given) => guard.ask(async () => (await load()).getMany(...given)),
    swapMany: (...given) => guard.ask(async () => (await load()).swapMany(...given)),
    list: (...given) => guard.ask(async () => (await load()).list(...given)),
  };
}

/** The conversation store, loaded when it is first used. */
function createLazyConversationStore(config: UpstashConfig, guard: RedisGuard): ConversationStore {
  const load = async () => {
    const { createUpstashConversationStore } = await import(
      "../adapters/upstash/conversation-store.ts"
    );
    return createUpstashConversationStore(config);
  };
  return {
    append: (...given) => guard.ask(async () => (await load()).append(...given)),
    read: (...given) => guard.ask(async () => (await load()).read(...given)),
  };
}

/** The job store, loaded when it is first used. */
function createLazyJobStore(config: UpstashConfig): JobStore {
  const load = async () => {
    const { createUpstashJobStore } = await import("../adapters/upstash/job-store.ts");
    return createUpstashJobStore(config);
  };
  return {
    enqueue: async (...given) => (await load()).enqueue(...given),
    claim: async (...given) => (await load()).claim(...given),
    heartbeat: async (...given) => (await load()).heartbeat(...given),
    finish: async (...given) => (await load()).finish(...given),
    get: async (...given) => (await load()).get(...given),
    list: async (...given) => (await load()).list(...given),
    counts: async (...given) => (await load()).counts(...given),
    retry: async (...given) => (await load()).retry(...given),
    cancel: async (...given) => (await load()).cancel(...given),
    releaseAll: async (...given) => (await load()).releaseAll(...given),
  };
}
