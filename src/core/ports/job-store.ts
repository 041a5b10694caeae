import type { Result } from "../model/result.ts";
import type { SharedCacheFailure } from "./shared-cache.ts";

/**
 * `queued`: waits for somebody. `running`: somebody has a lease. `completed`: its answer is kept.
 * `dead`: given up after its attempts. `dropped`: no longer wanted.
 */
export const JOB_STATES = ["queued", "running", "completed", "dead", "dropped"] as const;
export type JobState = (typeof JOB_STATES)[number];

/** What has to be done: plain data with everything that it takes. */
export interface JobDraft {
  readonly id: string;
  /** Jobs of an equal key are one while they are queued or running. */
  readonly key: string;
  /** Whose limits it is under, and what it is listed by: the model asked for. */
  readonly model: string;
  /** The version that answered at once. */
  readonly version: string;
  /** `model`, `oip` or `chat`. */
  readonly strategy: string;
  readonly requestId: string;
  readonly conversationId?: string;
  /** How often it is tried. */
  readonly attempts: number;
  /** JSON, opaque to the store. */
  readonly work: string;
}

export interface JobLimits {
  /** Of the model's jobs at the same time. */
  readonly maxRunning: number;
  /** Attempts begun in the model's name in one minute. */
  readonly perMinute?: number;
}

/** Whoever holds it may work on a job until it ends, and say how that went. */
export interface JobLease {
  readonly token: string;
  readonly leaseMs: number;
}

/** One event in the life of a job. */
export interface JobEvent {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly event:
    | "enqueued"
    | "started"
    | "completed"
    | "failed"
    | "handed_over"
    | "lease_expired"
    | "dead"
    | "dropped"
    | "retried"
    | "cancelled";
  readonly detail?: string;
}

export interface Job extends JobDraft {
  readonly state: JobState;
  /** Attempts begun so far. */
  readonly attempt: number;
  readonly limits: JobLimits;
  readonly createdAtMs: number;
  /** When it may be begun, or when its lease ends; of an ended job, when it ended. */
  readonly dueAtMs: number;
  /** Of the attempt that completed it. */
  readonly durationMs?: number;
  /** Why it is dead, dropped, or has to be tried again. */
  readonly reason?: string;
  /** The last hundred, oldest first. */
  readonly timeline: readonly JobEvent[];
}

/** A job without what it takes: half a megabyte each would be too much for a page. */
export type ListedJob = Omit<Job, "work">;

export interface Enqueued {
  /** Of the job that stands for the key now. */
  readonly id: string;
  /** False: it was there already. */
  readonly created: boolean;
  /** The caller holds the lease and is to begin. */
  readonly leased: boolean;
}

/** How an attempt ended. */
export type JobEnd =
  | { readonly kind: "completed"; readonly durationMs: number }
  /** Tried again at that time, or dead when the attempts are used up. */
  | { readonly kind: "failed"; readonly reason: string; readonly retryAtMs: number }
  /** Left to the next one who looks; the attempt does not count. */
  | { readonly kind: "handed_over"; readonly reason: string; readonly retryAtMs: number }
  | { readonly kind: "dead"; readonly reason: string }
  | { readonly kind: "dropped"; readonly reason: string };

export interface JobCounts {
  readonly counts: Readonly<Record<JobState, number>>;
  /** Age of the oldest that is queued or running; 0 when there is none. */
  readonly oldestMs: number;
  /** Over the last completed ones (up to 1,000); 0 when there is none. */
  readonly meanDurationMs: number;
  readonly p95DurationMs: number;
}

/** Ended jobs leave, the longest ended first, by whichever comes first; of each ended state. Waiting and running ones never do. */
export interface JobKeep {
  /** Since they ended, in milliseconds. */
  readonly ms: number;
  readonly jobs: number;
  /** Of their `work` in UTF-8: what Redis keeps is paid for, and a full Redis takes no new job. */
  readonly bytes: number;
}

export const JOB_KEEP: JobKeep = {
  ms: 7 * 24 * 60 * 60 * 1000,
  jobs: 10_000,
  bytes: 32 * 1024 * 1024,
};

export type JobAnswer<T> = Promise<Result<T, SharedCacheFailure>>;

/**
 * Durable jobs. Each method is one atomic step: whoever dies between two leaves a job that
 * somebody else takes over once its lease has ended. Times are the caller's clock.
 *
 * A failure says that no answer came, not that nothing was done. `get`, `list`, `counts` change
 * nothing; `enqueue`, `heartbeat`, `finish` and `releaseAll` may be repeated as they were sent;
 * of `retry` and `cancel` a repetition answers `not_ended` or `ended` where the first one took
 * effect; a `claim` whose answer got lost has leased a job that nobody works on until the lease
 * ends, and a repetition takes another one.
 */
export interface JobStore {
  /**
   * Makes a job durable, unless one of its key is queued or running. With `lease` and within the
   * limits the caller begins at once (`leased`, attempt 1); else it is queued. The same id again
   * makes no second job and answers `created`; `leased` where that token still holds the lease.
   */
  enqueue(
    draft: JobDraft,
    options: {
      readonly limits: JobLimits;
      readonly lease?: JobLease;
      readonly nowMs: number;
      readonly deadlineMs: number;
    },
  ): JobAnswer<Enqueued>;
  /**
   * Takes the job that is longest due and within its limits, one whose lease has ended included.
   * One whose attempts are used up goes to the dead instead (`lease_expired`), and the next one is
   * looked at. A model at its limits holds up nobody else's jobs; up to 50 models are looked at.
   */
  claim(lease: JobLease, nowMs: number, deadlineMs: number): JobAnswer<Job | undefined>;
  /** Prolongs a lease; false when it has ended or is no longer the caller's. */
  heartbeat(id: string, lease: JobLease, nowMs: number, deadlineMs: number): JobAnswer<boolean>;
  /**
   * Ends an attempt; false when the lease is no longer the caller's: then nothing changes. A lease
   * that has ended is the caller's until somebody else takes the job: its work is done, after all.
   * The same end by the same token again is true and changes nothing more.
   */
  finish(
    id: string,
    token: string,
    end: JobEnd,
    nowMs: number,
    deadlineMs: number,
  ): JobAnswer<boolean>;
  get(id: string, deadlineMs: number): JobAnswer<Job | undefined>;
  /** Newest first; `cursor`, digits, is what the page before gave. */
  list(
    options: {
      readonly state?: JobState;
      readonly model?: string;
      readonly limit: number;
      readonly cursor?: string;
    },
    deadlineMs: number,
  ): JobAnswer<{ readonly jobs: readonly ListedJob[]; readonly cursor?: string }>;
  counts(nowMs: number, deadlineMs: number): JobAnswer<JobCounts>;
  /** An ended job is queued again with all its attempts; `not_ended` when it is queued or running, or when another of its key is. */
  retry(
    id: string,
    nowMs: number,
    deadlineMs: number,
  ): JobAnswer<"retried" | "not_ended" | "absent">;
  /** A queued or running job is dropped; whoever works on it finds its lease gone. */
  cancel(
    id: string,
    nowMs: number,
    deadlineMs: number,
  ): JobAnswer<"cancelled" | "ended" | "absent">;
  /** Ends every lease: what is running is queued, its attempt not counted. For a stack that stops. Answers how many. */
  releaseAll(nowMs: number, deadlineMs: number): JobAnswer<number>;
}
