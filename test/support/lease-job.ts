import type { Stack } from "../../infra/local/stack.ts";
import type { JobStore } from "../../src/core/ports/job-store.ts";
import { must } from "./must.ts";

const DEADLINE_MS = 5_000;
const LEASE_MS = 600_000;

/** The jobs of a stack with a Redis of its own. */
export function jobsOf({ jobs }: Pick<Stack, "jobs">): JobStore {
  if (jobs === undefined) throw new Error("the stack has no Redis of its own");
  return jobs;
}

/** Makes a job that is being worked on, by nobody. Its lease's token is its id. */
export async function leaseJob(stack: Pick<Stack, "jobs">, id: string): Promise<void> {
  const draft = { id, key: id, model: "iris", version: "1", strategy: "chat", requestId: "r" };
  const enqueued = await jobsOf(stack).enqueue(
    { ...draft, attempts: 2, work: "{}" },
    {
      limits: { maxRunning: 10 },
      lease: { token: id, leaseMs: LEASE_MS },
      nowMs: Date.now(),
      deadlineMs: DEADLINE_MS,
    },
  );
  if (!must(enqueued).leased) throw new Error("the job was not leased");
}
