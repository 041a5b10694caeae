import type { CachedPrediction } from "../../cache/cached-prediction.ts";
import type { PredictionCache } from "../../cache/prediction-cache.ts";
import { type FlightContext, waitAtMost } from "../../cache/single-flight.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { Events, FreshetEvent } from "../../ports/events.ts";
import type { JobEnd, JobLease, JobStore } from "../../ports/job-store.ts";
import { expectAnswer } from "../expect-answer.ts";
import {
  type ComputePremiumDeps,
  computePremium,
  type PremiumAnswer,
  type PremiumFailure,
} from "./compute-premium.ts";
import { type HeldLease, holdLease, JOB_DEADLINE_MS } from "./hold-lease.ts";
import type { PremiumWork } from "./premium-work.ts";

export type Stage = Extract<FreshetEvent, { kind: "premium" }>["stage"];

export interface AttemptDeps extends ComputePremiumDeps {
  readonly predictions: PredictionCache;
  /** Missing without Redis: nothing is durable then. */
  readonly jobs: JobStore | undefined;
  readonly events: Events;
  /** 0 ≤ r < 1: spreads the next attempts. */
  readonly random: () => number;
  /** How often each step was taken in this isolate. */
  readonly counts: Map<Stage, number>;
}

/** The durable side of an attempt. */
export interface HeldJob {
  readonly id: string;
  /** Which one this is, from 1. */
  readonly attempt: number;
  readonly lease: JobLease;
}

export interface Attempt {
  readonly work: PremiumWork;
  readonly job: HeldJob | undefined;
  /** For how long it may go on here. */
  readonly limitMs: number;
  /** What is not done by then is not failed: somebody with more time goes on. */
  readonly isHandedOver: boolean;
}

const MAX_PAUSE_MS = 3_600_000;
/** About as long as a host that does not answer is left alone. */
const REMOTE_PAUSE_MS = 10_000;
const MAX_REASON_CHARACTERS = 300;

/**
 * Tries once to come by a premium answer, checks it, keeps it in Redis where there is one, and
 * says to the queue how it went. The first answer that Redis has stands: who computed another one
 * takes that. `undefined`: there is none, and the log says why. Never throws.
 */
export async function runAttempt(
  deps: AttemptDeps,
  context: FlightContext,
  attempt: Attempt,
): Promise<CachedPrediction | undefined> {
  const startedMs = context.clock.now();
  const { work, job } = attempt;
  tell(deps, attempt, "started");
  const hold = job && deps.jobs && holdLease(deps.jobs, context, job.id, job.lease);
  try {
    const known =
      job !== undefined && job.attempt > 1 ? await kept(deps, context, work) : undefined;
    const answered =
      known === undefined ? await compute(deps, context, attempt, hold) : ok({ prediction: known });
    // Cancelled, or taken over: whoever has it now says how it ends.
    if (!answered.ok && answered.failure === LEASE_LOST) {
      return void tell(deps, attempt, "dropped", LEASE_LOST);
    }
    const durationMs = context.clock.now() - startedMs;
    if (answered.ok) {
      tell(deps, attempt, "completed", { durationMs });
      await finish(deps, context, attempt, { kind: "completed", durationMs });
      return answered.value.prediction;
    }
    if (answered.failure.isInvalid) tell(deps, attempt, "invalid", answered.failure);
    const end = endOf(deps, context, attempt, answered.failure);
    tell(deps, attempt, stageOf(end, attempt), { ...answered.failure, durationMs });
    await finish(deps, context, attempt, end);
  } catch (cause) {
    // A bug: the lease ends by itself, and the attempts are counted.
    tell(deps, attempt, "failed", { reason: "bug", detail: String(cause), cause });
  } finally {
    hold?.stop();
  }
  return undefined;
}

/** An answer that an earlier attempt has kept, though it could not say so any more. */
async function kept(
  { predictions }: AttemptDeps,
  context: FlightContext,
  work: PremiumWork,
): Promise<CachedPrediction | undefined> {
  if (work.redisKey === undefined) return undefined;
  const found = await predictions.redis?.get(context, work.redisKey, expectAnswer(work));
  return found !== undefined && found.createdAtMs >= work.newerThanMs ? found : undefined;
}

const TOO_LATE: PremiumFailure = {
  reason: "timeout",
  detail: "no answer within the time limit",
  mayRetry: true,
  isInvalid: false,
};

const LEASE_LOST: PremiumFailure = {
  reason: "lease_lost",
  detail: "it was cancelled, or somebody else took it over",
  mayRetry: false,
  isInvalid: false,
};

async function compute(
  deps: AttemptDeps,
  context: FlightContext,
  attempt: Attempt,
  hold: HeldLease | undefined,
): Promise<Result<{ readonly prediction: CachedPrediction }, PremiumFailure>> {
  const { work, limitMs } = attempt;
  const asked = computePremium(deps, context, work, limitMs);
  const landed = await waitAtMost(context.clock, asked, limitMs);
  if (landed === undefined) return fail(TOO_LATE);
  if (!landed.value.ok) return landed.value;
  if (await hold?.isLostNow()) return fail(LEASE_LOST);
  tell(deps, attempt, "valid");
  const prediction = await keep(deps, context, work, landed.value.value);
  if (prediction === undefined) return fail(NOT_KEPT);
  tell(deps, attempt, "cached");
  return ok({ prediction });
}

const NOT_KEPT: PremiumFailure = {
  reason: "answer_not_kept",
  detail: "Redis did not take the answer: it is silent, or the answer is larger than 512 KiB",
  mayRetry: true,
  isInvalid: false,
};

async function keep(
  { predictions }: AttemptDeps,
  context: FlightContext,
  { redisKey, newerThanMs, ttlMs, staleMs, ...work }: PremiumWork,
  { by, outputs }: PremiumAnswer,
): Promise<CachedPrediction | undefined> {
  const policy = { ttlMs, staleMs };
  const prediction = predictions.make({ version: work, outputs, policy, premium: by });
  if (redisKey === undefined) return prediction;
  return predictions.redis?.putFirst(context, redisKey, { prediction, newerThanMs });
}

function endOf(
  { random }: AttemptDeps,
  { clock }: FlightContext,
  { job, work, isHandedOver }: Attempt,
  failure: PremiumFailure,
): JobEnd {
  const { mayRetry } = failure;
  const reason = `${failure.reason}: ${failure.detail}`.slice(0, MAX_REASON_CHARACTERS);
  if (!mayRetry) return { kind: "dead", reason };
  if (isHandedOver && (failure === TOO_LATE || failure.reason === "remote_timeout")) {
    return { kind: "handed_over", reason, retryAtMs: clock.now() };
  }
  // Nobody was asked: that is no attempt.
  if (failure.reason === "remote_paused") {
    return { kind: "handed_over", reason, retryAtMs: clock.now() + REMOTE_PAUSE_MS };
  }
  const pauseMs = Math.min(work.strategy.backoff_ms * 2 ** ((job?.attempt ?? 1) - 1), MAX_PAUSE_MS);
  const retryAtMs = Math.round(clock.now() + pauseMs * (0.5 + random() / 2));
  return { kind: "failed", reason, retryAtMs };
}

function stageOf(end: JobEnd, { job, work }: Attempt): Stage {
  if (end.kind === "failed" && (job?.attempt ?? 1) >= work.strategy.attempts) return "dead";
  return end.kind;
}

async function finish(
  { jobs }: AttemptDeps,
  { clock }: FlightContext,
  { job }: Attempt,
  end: JobEnd,
): Promise<void> {
  if (job === undefined || jobs === undefined) return;
  const { id, lease } = job;
  const send = () => jobs.finish(id, lease.token, end, clock.now(), JOB_DEADLINE_MS);
  // A lost answer may be asked for again; what Redis never hears, the end of the lease tells.
  const said = await send();
  if (!said.ok) await send();
}

/** One event in the life of a premium answer, counted. */
export function tell(
  { events, counts }: Pick<AttemptDeps, "events" | "counts">,
  { work, job }: Pick<Attempt, "work"> & { readonly job: Pick<HeldJob, "id"> | undefined },
  stage: Stage,
  more: {
    readonly reason?: string;
    readonly detail?: string;
    readonly durationMs?: number;
    readonly cause?: unknown;
  } = {},
): void {
  const { reason, detail, durationMs, cause } = more;
  counts.set(stage, (counts.get(stage) ?? 0) + 1);
  events.emit({
    kind: "premium",
    stage,
    requestId: work.requestId,
    model: work.model,
    version: work.version,
    strategy: work.strategy.kind,
    ...(job === undefined ? {} : { job: job.id }),
    ...(reason === undefined ? {} : { reason }),
    ...(detail === undefined ? {} : { detail }),
    ...(durationMs === undefined ? {} : { durationMs }),
    ...(cause === undefined ? {} : { cause }),
  });
}
