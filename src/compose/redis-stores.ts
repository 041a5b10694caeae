import type { UpstashConfig } from "../adapters/upstash/client.ts";
import type { RedisGuard } from "../core/cache/redis-guard.ts";
import type { ConversationStore } from "../core/ports/conversation-store.ts";
import type { EntityStore } from "../core/ports/entity-store.ts";
import type { JobStore } from "../core/ports/job-store.ts";

/** The entity store, loaded when it is first used: a cold start does not wait for it. */
export function createLazyEntityStore(config: UpstashConfig, guard: RedisGuard): EntityStore {
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
export function createLazyConversationStore(
  config: UpstashConfig,
  guard: RedisGuard,
): ConversationStore {
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
export function createLazyJobStore(config: UpstashConfig): JobStore {
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
