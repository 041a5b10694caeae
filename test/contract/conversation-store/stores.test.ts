import { describe } from "vitest";
import { createMemoryConversationStore } from "../../../src/adapters/memory/conversation-store.ts";
import { createUpstashConversationStore } from "../../../src/adapters/upstash/conversation-store.ts";
import { describeOverRedis } from "../../support/redis-stores.ts";
import { describeConversationStore } from "./suite.ts";

describe("the conversation store in memory", () => {
  describeConversationStore(async () => ({
    store: createMemoryConversationStore({ now: Date.now }),
    stop: async () => undefined,
  }));
});

describeOverRedis(
  "the conversation store",
  createUpstashConversationStore,
  describeConversationStore,
);
