import { afterAll, beforeAll } from "vitest";
import type { JobKeep } from "../../../src/core/ports/job-store.ts";
import type { StartedStore } from "../../support/redis-stores.ts";
import { describeEnds } from "./ends.ts";
import { describeEnqueue } from "./enqueue.ts";
import { describeInterleavings } from "./interleavings.ts";
import { describeLeases } from "./leases.ts";
import { describeLimits } from "./limits.ts";
import { describeLists } from "./lists.ts";
import { type Bench, bench, type JobStores } from "./subject.ts";

export type FreshBench = (keep?: JobKeep) => Bench;

/** The promises of the job store port. */
export function describeJobStore(start: () => Promise<StartedStore<JobStores>>): void {
  let started: StartedStore<JobStores> | undefined;
  beforeAll(async () => {
    started = await start();
  });
  afterAll(() => started?.stop());
  const fresh: FreshBench = (keep) => {
    if (started === undefined) throw new Error("the stores have not started");
    return bench(started.store.fresh(keep));
  };
  describeEnqueue(fresh);
  describeLeases(fresh);
  describeEnds(fresh);
  describeLimits(fresh);
  describeLists(fresh);
  describeInterleavings(fresh);
}
