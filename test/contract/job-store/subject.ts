import type {
  Job,
  JobDraft,
  JobEnd,
  JobKeep,
  JobLease,
  JobLimits,
  JobState,
  JobStore,
} from "../../../src/core/ports/job-store.ts";
import { must } from "../../support/must.ts";

export const DEADLINE_MS = 30_000;
/** A time that no 32-bit number holds. */
export const NOW_MS = 1_764_349_190_123;
export const LEASE_MS = 30_007;
export const UNLIMITED: JobLimits = { maxRunning: 1_000 };

/** A place where stores can be made, each with nothing in it. */
export interface JobStores {
  fresh(keep?: JobKeep): JobStore;
}

export const draftOf = (id: string, more: Partial<JobDraft> = {}): JobDraft => ({
  id,
  key: `key of ${id}`,
  model: "iris",
  version: "1",
  strategy: "chat",
  requestId: `request of ${id}`,
  attempts: 3,
  work: `{"for":"${id}"}`,
  ...more,
});

export const leaseOf = (token: string, leaseMs = LEASE_MS): JobLease => ({ token, leaseMs });

/** The port with its failures thrown and its times left out where they do not matter. */
export function bench(store: JobStore) {
  return {
    store,
    enqueue: async (
      draft: JobDraft,
      {
        token,
        nowMs = NOW_MS,
        limits = UNLIMITED,
      }: { readonly token?: string; readonly nowMs?: number; readonly limits?: JobLimits } = {},
    ) =>
      must(
        await store.enqueue(draft, {
          limits,
          nowMs,
          deadlineMs: DEADLINE_MS,
          ...(token === undefined ? {} : { lease: leaseOf(token) }),
        }),
      ),
    claim: async (token: string, nowMs = NOW_MS) =>
      must(await store.claim(leaseOf(token), nowMs, DEADLINE_MS)),
    heartbeat: async (id: string, token: string, nowMs: number) =>
      must(await store.heartbeat(id, leaseOf(token), nowMs, DEADLINE_MS)),
    finish: async (id: string, token: string, end: JobEnd, nowMs = NOW_MS) =>
      must(await store.finish(id, token, end, nowMs, DEADLINE_MS)),
    get: async (id: string): Promise<Job> => {
      const job = must(await store.get(id, DEADLINE_MS));
      if (job === undefined) throw new Error(`there is no job ${id}`);
      return job;
    },
    find: async (id: string) => must(await store.get(id, DEADLINE_MS)),
    list: async (
      options: {
        readonly state?: JobState;
        readonly model?: string;
        readonly limit?: number;
        readonly cursor?: string;
      } = {},
    ) => must(await store.list({ limit: 100, ...options }, DEADLINE_MS)),
    counts: async (nowMs = NOW_MS) => must(await store.counts(nowMs, DEADLINE_MS)),
    retry: async (id: string, nowMs = NOW_MS) => must(await store.retry(id, nowMs, DEADLINE_MS)),
    cancel: async (id: string, nowMs = NOW_MS) => must(await store.cancel(id, nowMs, DEADLINE_MS)),
    releaseAll: async (nowMs = NOW_MS) => must(await store.releaseAll(nowMs, DEADLINE_MS)),
  };
}

export type Bench = ReturnType<typeof bench>;

export const COMPLETED: JobEnd = { kind: "completed", durationMs: 120 };
export const failedUntil = (retryAtMs: number, reason = "timeout"): JobEnd => ({
  kind: "failed",
  reason,
  retryAtMs,
});
export const eventsOf = ({ timeline }: Job): readonly string[] =>
  timeline.map(({ event }) => event);
