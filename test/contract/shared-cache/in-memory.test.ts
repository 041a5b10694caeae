import { describe } from "vitest";
import { startRedisInMemory } from "../../../infra/local/redis-backend.ts";
import { cacheOver } from "./over-bridge.ts";
import { describeSharedCache } from "./suite.ts";

describe("the shared cache over a Redis in memory", () => {
  describeSharedCache(() => cacheOver(startRedisInMemory()));
});
