import { summarizeDurations } from "../../core/model/durations.ts";
import { ok } from "../../core/model/result.ts";
import {
  JOB_KEEP,
  JOB_STATES,
  type Job,
  type JobEnd,
  type JobKeep,
  type JobLease,
  type JobState,
  type JobStore,
} from "../../core/ports/job-store.ts";
import { isEnded, type JobEntry, JobTable, listed, whole } from "./job-table.ts";

const ENDED = ["completed", "dead", "dropped"] as const;
const MAX_DURATIONS = 1_000;

/** The job store port in this process's memory: for tests and for trying things out. */
export function createMemoryJobStore({
  keep = JOB_KEEP,
}: {
  readonly keep?: JobKeep;
} = {}): JobStore {
  const table = new JobTable(keep);
  const durations: number[] = [];
  return {
    async enqueue(draft, { limits, lease, nowMs }) {
      const { id } = draft;
      const known = table.jobs.get(id);
      if (known !== undefined) {
        const isHolder = lease !== undefined && known.token === lease.token;
        const leased = isHolder && known.dueAtMs > nowMs;
        return ok({ id, created: true, leased });
      }
      const holder = table.holderOf(draft.key);
      if (holder !== undefined) return ok({ id: holder.draft.id, created: false, leased: false });
      const job = table.add(draft, limits, nowMs);
      const leased = lease !== undefined && table.isWithinLimits(job, nowMs);
      if (leased) table.begin(job, lease, nowMs);
      return ok({ id, created: true, leased });
    },
    claim: async (lease, nowMs) => ok(claim(table, lease, nowMs)),
    async heartbeat(id, { token, leaseMs }, nowMs) {
      const job = table.jobs.get(id);
      if (job === undefined || job.token !== token || job.dueAtMs <= nowMs) return ok(false);
      job.dueAtMs = nowMs + leaseMs;
      return ok(true);
    },
    async finish(id, token, end, nowMs) {
      const job = table.jobs.get(id);
      const told = JSON.stringify([token, end]);
      if (job === undefined || job.token !== token) return ok(job?.told === told);
      job.told = told;
      if (end.kind === "completed") durations.unshift(Math.round(end.durationMs));
      durations.splice(MAX_DURATIONS);
      finish(table, job, end, nowMs);
      return ok(true);
    },
    async get(id) {
      const job = table.jobs.get(id);
      return ok(job && whole(job));
    },
    async list({ state, model, limit, cursor }) {
      const found = table
        .all()
        .filter((job) => state === undefined || job.state === state)
        .filter((job) => model === undefined || job.draft.model === model)
        .filter((job) => cursor === undefined || job.seq < Number(cursor))
        .sort((a, b) => b.seq - a.seq);
      const page = found.slice(0, limit);
      const last = page.at(-1);
      const isMore = found.length > limit && last !== undefined;
      return ok({ jobs: page.map(listed), ...(isMore ? { cursor: String(last.seq) } : {}) });
    },
    async counts(nowMs) {
      const jobs = table.all();
      const counted = JOB_STATES.map((state) => [
        state,
        jobs.filter((job) => job.state === state).length,
      ]);
      const ages = jobs.filter((job) => !isEnded(job)).map((job) => nowMs - job.createdAtMs);
      return ok({
        // Each of the states is in the list that it is made from.
        counts: Object.fromEntries(counted) as Record<JobState, number>,
        oldestMs: Math.max(0, ...ages),
        ...summarizeDurations(durations),
      });
    },
    async retry(id, nowMs) {
      const job = table.jobs.get(id);
      if (job === undefined) return ok("absent");
      if (table.holderOf(job.draft.key) !== undefined) return ok("not_ended");
      Object.assign(job, { attempt: 0, reason: undefined, durationMs: undefined, told: undefined });
      table.log(job, nowMs, "retried");
      table.requeue(job, nowMs);
      return ok("retried");
    },
    async cancel(id, nowMs) {
      const job = table.jobs.get(id);
      if (job === undefined) return ok("absent");
      if (isEnded(job)) return ok("ended");
      table.log(job, nowMs, "cancelled");
      table.close(job, "dropped", "cancelled", nowMs);
      return ok("cancelled");
    },
    async releaseAll(nowMs) {
      const running = table.all().filter(({ state }) => state === "running");
      for (const job of running) handOver(table, job, "released", nowMs, nowMs);
      return ok(running.length);
    },
  };
}

function claim(table: JobTable, lease: JobLease, nowMs: number): Job | undefined {
  for (const state of ENDED) table.trim(state, nowMs);
  const due = table.all().filter((job) => !isEnded(job) && job.dueAtMs <= nowMs);
  due.sort((a, b) => a.dueAtMs - b.dueAtMs);
  const full = new Set<string>();
  for (const job of due) {
    if (full.has(job.draft.model)) continue;
    if (job.state === "running") {
      table.log(job, nowMs, "lease_expired");
      job.reason = "lease_expired";
      table.requeue(job, job.dueAtMs);
    }
    if (job.attempt >= job.draft.attempts) {
      table.log(job, nowMs, "dead", "lease_expired");
      table.close(job, "dead", "lease_expired", nowMs);
    } else if (table.isWithinLimits(job, nowMs)) {
      table.begin(job, lease, nowMs);
      return whole(job);
    } else {
      full.add(job.draft.model);
    }
  }
  return undefined;
}

function finish(table: JobTable, job: JobEntry, end: JobEnd, nowMs: number): void {
  if (end.kind === "handed_over") {
    handOver(table, job, end.reason, end.retryAtMs, nowMs);
    return;
  }
  table.log(job, nowMs, end.kind, "reason" in end ? end.reason : "");
  if (end.kind === "completed") {
    job.durationMs = Math.round(end.durationMs);
    table.close(job, "completed", undefined, nowMs);
  } else if (end.kind !== "failed") {
    table.close(job, end.kind, end.reason, nowMs);
  } else if (job.attempt < job.draft.attempts) {
    job.reason = end.reason;
    table.requeue(job, end.retryAtMs);
  } else {
    table.log(job, nowMs, "dead", end.reason);
    table.close(job, "dead", end.reason, nowMs);
  }
}

function handOver(
  table: JobTable,
  job: JobEntry,
  reason: string,
  dueAtMs: number,
  nowMs: number,
): void {
  table.log(job, nowMs, "handed_over", reason);
  job.reason = reason;
  job.attempt -= 1;
  table.requeue(job, dueAtMs);
}
