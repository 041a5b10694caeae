import { describe } from "vitest";
import { createMemoryJobStore } from "../../../src/adapters/memory/job-store.ts";
import { describeJobStore } from "./suite.ts";

describe("the job store in memory", () => {
  describeJobStore(async () => ({
    store: { fresh: (keep) => createMemoryJobStore(keep === undefined ? {} : { keep }) },
    stop: async () => undefined,
  }));
});
