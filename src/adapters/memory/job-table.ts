import type {
  Job,
  JobDraft,
  JobEvent,
  JobKeep,
  JobLease,
  JobLimits,
  JobState,
  ListedJob,
} from "../../core/ports/job-store.ts";

export interface JobEntry {
  readonly draft: JobDraft;
  readonly limits: JobLimits;
  readonly seq: number;
  readonly createdAtMs: number;
  state: JobState;
  attempt: number;
  dueAtMs: number;
  token: string | undefined;
  /** The end that its last holder told. */
  told: string | undefined;
  reason: string | undefined;
  durationMs: number | undefined;
  timeline: readonly JobEvent[];
}

const MINUTE_MS = 60_000;
const MAX_EVENTS = 100;
const TRIMMED_AT_ONCE = 10;

export const isEnded = ({ state }: JobEntry): boolean => state !== "queued" && state !== "running";

/** Jobs in memory, and the steps that the methods of the port are made of. */
export class JobTable {
  readonly jobs = new Map<string, JobEntry>();
  readonly #keep: JobKeep;
  readonly #begun = new Map<string, number>();
  #seq = 0;

  constructor(keep: JobKeep) {
    this.#keep = keep;
  }

  all(): readonly JobEntry[] {
    return [...this.jobs.values()];
  }

  /** The one that is queued or running under the key. */
  holderOf(key: string): JobEntry | undefined {
    return this.all().find((job) => job.draft.key === key && !isEnded(job));
  }

  add(draft: JobDraft, limits: JobLimits, nowMs: number): JobEntry {
    this.#seq += 1;
    const job: JobEntry = {
      draft,
      limits,
      seq: this.#seq,
      createdAtMs: nowMs,
      state: "queued",
      attempt: 0,
      dueAtMs: nowMs,
      token: undefined,
      told: undefined,
      reason: undefined,
      durationMs: undefined,
      timeline: [],
    };
    this.jobs.set(draft.id, job);
    this.log(job, nowMs, "enqueued");
    return job;
  }

  log(job: JobEntry, atMs: number, event: JobEvent["event"], detail = ""): void {
    const told: JobEvent = detail === "" ? { atMs, event } : { atMs, event, detail };
    job.timeline = [...job.timeline, told].slice(-MAX_EVENTS);
  }

  isWithinLimits({ draft, limits }: JobEntry, nowMs: number): boolean {
    const running = this.all().filter(
      (job) => job.draft.model === draft.model && job.state === "running" && job.dueAtMs > nowMs,
    );
    const begun = this.#begun.get(rateKey(draft, nowMs)) ?? 0;
    return running.length < limits.maxRunning && begun < (limits.perMinute ?? begun + 1);
  }

  begin(job: JobEntry, { token, leaseMs }: JobLease, nowMs: number): void {
    const rate = rateKey(job.draft, nowMs);
    this.#begun.set(rate, (this.#begun.get(rate) ?? 0) + 1);
    job.attempt += 1;
    job.state = "running";
    job.token = token;
    job.dueAtMs = nowMs + leaseMs;
    this.log(job, nowMs, "started");
  }

  requeue(job: JobEntry, dueAtMs: number): void {
    job.state = "queued";
    job.token = undefined;
    job.dueAtMs = Math.round(dueAtMs);
  }

  close(job: JobEntry, state: JobState, reason: string | undefined, nowMs: number): void {
    job.state = state;
    job.token = undefined;
    job.dueAtMs = nowMs;
    job.reason = reason;
    this.trim(state, nowMs);
  }

  /** Lets ended ones go, ten at a time. */
  trim(state: JobState, nowMs: number): void {
    const ended = this.all().filter((job) => job.state === state);
    ended.sort((a, b) => a.dueAtMs - b.dueAtMs);
    let bytes = ended.reduce((sum, job) => sum + sizeOf(job), 0);
    for (const [index, job] of ended.slice(0, TRIMMED_AT_ONCE).entries()) {
      const isOld = job.dueAtMs < nowMs - this.#keep.ms;
      if (!isOld && ended.length - index <= this.#keep.jobs && bytes <= this.#keep.bytes) return;
      bytes -= sizeOf(job);
      this.jobs.delete(job.draft.id);
    }
  }
}

/** The job without its work, as the port tells it. */
export function listed({ draft, ...job }: JobEntry): ListedJob {
  const { work: _work, ...rest } = draft;
  const { limits, state, attempt, createdAtMs, dueAtMs, timeline, durationMs, reason } = job;
  return {
    ...rest,
    ...{ limits, state, attempt, createdAtMs, dueAtMs, timeline },
    ...(durationMs === undefined ? {} : { durationMs }),
    ...(reason === undefined ? {} : { reason }),
  };
}

export const whole = (job: JobEntry): Job => ({ ...listed(job), work: job.draft.work });

const sizeOf = ({ draft }: JobEntry): number => new TextEncoder().encode(draft.work).byteLength;

const rateKey = ({ model }: JobDraft, nowMs: number): string =>
  `${model}:${Math.floor(nowMs / MINUTE_MS)}`;
