import { createUpstashJobStore } from "../../../src/adapters/upstash/job-store.ts";
import { describeOverRedis } from "../../support/redis-stores.ts";
import type { JobStores } from "./subject.ts";
import { describeJobStore } from "./suite.ts";

describeOverRedis<JobStores>(
  "the job store",
  (config) => {
    let count = 0;
    return {
      fresh(keep) {
        count += 1;
        const own = { ...config, keyPrefix: `${config.keyPrefix}${count}:` };
        return createUpstashJobStore(keep === undefined ? own : { ...own, keep });
      },
    };
  },
  describeJobStore,
);
