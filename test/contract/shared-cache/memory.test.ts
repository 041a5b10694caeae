import { describe } from "vitest";
import { createMemorySharedCache } from "../../../src/adapters/memory/shared-cache.ts";
import { describeSharedCache } from "./suite.ts";

describe("the shared cache in memory", () => {
  describeSharedCache(async () => ({
    cache: createMemorySharedCache({ now: Date.now }),
    stop: async () => undefined,
  }));
});
