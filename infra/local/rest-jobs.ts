import { createUpstashJobStore } from "../../src/adapters/upstash/job-store.ts";
import type { JobStore } from "../../src/core/ports/job-store.ts";

const POLL_MS = 100;
const DEADLINE_MS = 2_000;

/** The jobs as the Worker of that environment sees them. */
export const jobsIn = (
  { url, token }: { readonly url: string; readonly token: string },
  environment: string,
): JobStore => createUpstashJobStore({ url, token, keyPrefix: `freshet:${environment}:` });

/**
 * Waits until nobody works on a job, `shutdownMs` at most. A lease that has ended is nobody's work.
 * A Redis that does not answer is waited for no longer: what it holds is safe.
 */
export async function untilJobsRest(
  jobs: JobStore,
  shutdownMs: number,
  now: () => number = Date.now,
): Promise<void> {
  const untilMs = now() + shutdownMs;
  while ((await countRunning(jobs, now())) > 0) {
    const leftMs = untilMs - now();
    if (leftMs <= 0) return;
    await new Promise((done) => setTimeout(done, Math.min(POLL_MS, leftMs)));
  }
}

async function countRunning(jobs: JobStore, nowMs: number): Promise<number> {
  const running = await jobs.list({ state: "running", limit: 100 }, DEADLINE_MS);
  return running.ok ? running.value.jobs.filter(({ dueAtMs }) => dueAtMs > nowMs).length : 0;
}

/** Gives back what was not done in time: the next start, or another stack, finds it queued. */
export async function releaseJobs(jobs: JobStore): Promise<void> {
  await jobs.releaseAll(Date.now(), DEADLINE_MS);
}
