import type { Job, JobCounts, JobEvent, ListedJob } from "../../core/ports/job-store.ts";
import type { AppContext } from "../app-env.ts";
import type { Refusal } from "../problem.ts";

/** A job for callers: never its work, which may be anybody's inputs. */
export const writeJob = (job: ListedJob) => ({
  id: job.id,
  model: job.model,
  version: job.version,
  strategy: job.strategy,
  state: job.state,
  attempts: job.attempt,
  max_attempts: job.attempts,
  ...(job.reason === undefined ? {} : { reason: job.reason }),
  created_at: isoOf(job.createdAtMs),
  due_at: isoOf(job.dueAtMs),
  ...(job.durationMs === undefined ? {} : { duration_ms: job.durationMs }),
  request_id: job.requestId,
  ...(job.conversationId === undefined ? {} : { conversation_id: job.conversationId }),
  timeline: job.timeline.map(writeEvent),
});

const writeEvent = ({ atMs, event, detail }: JobEvent) => ({
  at: isoOf(atMs),
  event,
  ...(detail === undefined ? {} : { detail }),
});

export const writeCounts = ({ counts, oldestMs, meanDurationMs, p95DurationMs }: JobCounts) => ({
  counts,
  oldest_seconds: Math.floor(oldestMs / 1000),
  duration_ms: { mean: meanDurationMs, p95: p95DurationMs },
});

const isoOf = (atMs: number): string => new Date(atMs).toISOString();

/** More is no id that the server gave. */
const MAX_ID_CHARS = 200;

/** The id in the path; `undefined` for what can be none. */
export function jobIdOf(c: AppContext): string | undefined {
  const id = c.req.param("id") ?? "";
  return id === "" || id.length > MAX_ID_CHARS ? undefined : id;
}

export const JOB_NOT_FOUND: Refusal = {
  status: 404,
  code: "job_not_found",
  detail: "there is no such job: it never was, or it ended so long ago that it is no longer kept",
};

export const jobEnded = (job: Pick<Job, "state">): Refusal => ({
  status: 409,
  code: "job_ended",
  detail: `the job is ${job.state}: only what is queued or running can be cancelled`,
});

/** Of one that cannot be queued again. */
export const jobNotEnded = ({ state }: Pick<Job, "state">): Refusal => ({
  status: 409,
  code: "job_not_ended",
  detail:
    state === "queued" || state === "running"
      ? `the job is ${state}: only one that has ended can be queued again`
      : "another job for the same answer is queued or running; wait for it, or cancel it",
});
