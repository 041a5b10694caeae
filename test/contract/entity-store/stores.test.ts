import { describe } from "vitest";
import { createMemoryEntityStore } from "../../../src/adapters/memory/entity-store.ts";
import { createUpstashEntityStore } from "../../../src/adapters/upstash/entity-store.ts";
import { describeOverRedis } from "../../support/redis-stores.ts";
import { describeEntityStore } from "./suite.ts";

describe("the entity store in memory", () => {
  describeEntityStore(async () => ({
    store: createMemoryEntityStore(),
    stop: async () => undefined,
  }));
});

describeOverRedis("the entity store", createUpstashEntityStore, describeEntityStore);
