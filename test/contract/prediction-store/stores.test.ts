import { describe } from "vitest";
import { createMemoryPredictionStore } from "../../../src/adapters/memory/prediction-store.ts";
import { createUpstashPredictionStore } from "../../../src/adapters/upstash/prediction-store.ts";
import { describeOverRedis } from "../../support/redis-stores.ts";
import { describePredictionStore } from "./suite.ts";

describe("the prediction store in memory", () => {
  describePredictionStore(async () => ({
    store: createMemoryPredictionStore(Date),
    stop: async () => undefined,
  }));
});

describeOverRedis("the prediction store", createUpstashPredictionStore, describePredictionStore);
