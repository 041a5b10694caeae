import type { PremiumStrategy } from "../../model/strategies.ts";
import type { JobLease } from "../../ports/job-store.ts";
import type { Story } from "../inference.ts";
import type { Desk, Task } from "./premium-task.ts";
import { type PremiumWork, premiumTtlMs, writeWork } from "./premium-work.ts";
import { type Attempt, type HeldJob, runAttempt, tell } from "./run-attempt.ts";

/** `waitUntil` lives 30 s after the answer: what takes longer is the cron's. */
const LOCAL_MAX_MS = 25_000;
/** What is larger is not worth its way through the queue. */
const MAX_WORK_CHARACTERS = 512 * 1024;

export interface Beginning {
  readonly task: Task;
  readonly redisKey: string | undefined;
  readonly newerThanMs: number;
}

/**
 * Makes a premium answer's job durable and starts the first attempt in the background. Without
 * Redis, or while it is silent, it is tried once and promised to nobody. Settles when the job is
 * durable, not when it is done; never rejects.
 */
export async function beginPremium(
  desk: Desk,
  story: Story,
  strategy: PremiumStrategy,
  { task, redisKey, newerThanMs }: Beginning,
): Promise<void> {
  const { deps } = desk;
  const { context } = story;
  const work: PremiumWork = { ...workOf(story, strategy), redisKey, newerThanMs };
  const held =
    redisKey === undefined ? undefined : await enqueue(desk, story, { ...work, redisKey });
  if (held?.kind === "queued") {
    task.job = held.id;
    return;
  }
  if (held !== undefined) task.job = held.id;
  else if (!desk.places.take(strategy, work.model)) return;
  const timeoutMs = strategy.timeout_ms ?? deps.settings.timeoutMs;
  const attempt: Attempt = {
    work,
    job: held,
    limitMs: Math.min(timeoutMs, LOCAL_MAX_MS),
    isHandedOver: held !== undefined && timeoutMs > LOCAL_MAX_MS,
  };
  task.flight = run(desk, story, task, attempt);
  context.background.keep(task.flight);
}

async function run(desk: Desk, story: Story, task: Task, attempt: Attempt) {
  const { strategy, model } = attempt.work;
  const { clock } = story.context;
  // A run in this isolate holds it: the fast answer goes out first, unless it is a race.
  if (strategy.kind === "model" && strategy.mode === "background") await clock.after(0).done;
  const prediction = await runAttempt(desk.deps, story.context, attempt);
  if (prediction !== undefined && task.isLate) tell(desk.deps, attempt, "late");
  desk.landed(story, task, prediction);
  if (attempt.job === undefined) desk.places.leave(model);
  return prediction;
}

type Held =
  | (HeldJob & { readonly kind: "leased" })
  | { readonly kind: "queued"; readonly id: string };

/** `undefined`: the queue did not answer, or the job is too large for it. */
async function enqueue(
  { deps, breaker }: Desk,
  { context, conversationId }: Story,
  work: PremiumWork & { readonly redisKey: string },
): Promise<Held | undefined> {
  const { jobs, settings, newId } = deps;
  const refuse = (reason: string, detail: string) =>
    void tell(deps, { work, job: undefined }, "not_queued", { reason, detail });
  if (jobs === undefined || !breaker.mayAsk()) return undefined;
  const written = writeWork(work);
  if (written.length > MAX_WORK_CHARACTERS) {
    return refuse("job_too_large", `its inputs take ${written.length} characters`);
  }
  const { strategy } = work;
  const lease: JobLease = { token: newId(), leaseMs: settings.leaseMs };
  const id = newId();
  const queued = await jobs.enqueue(
    {
      id,
      key: `${work.redisKey}:${work.newerThanMs}`,
      model: work.model,
      version: work.version,
      strategy: strategy.kind,
      requestId: work.requestId,
      ...(conversationId === undefined ? {} : { conversationId }),
      attempts: strategy.attempts,
      work: written,
    },
    {
      limits: limitsOf(strategy),
      lease,
      nowMs: context.clock.now(),
      deadlineMs: settings.redisDeadlineMs,
    },
  );
  if (!queued.ok) {
    breaker.failed();
    return refuse(queued.failure.reason, queued.failure.detail);
  }
  breaker.succeeded();
  if (queued.value.leased) return { kind: "leased", id: queued.value.id, attempt: 1, lease };
  tell(deps, { work, job: queued.value }, "waiting");
  return { kind: "queued", id: queued.value.id };
}

const limitsOf = ({ max_concurrency, rate_per_minute }: PremiumStrategy) => ({
  maxRunning: max_concurrency,
  ...(rate_per_minute === undefined ? {} : { perMinute: rate_per_minute }),
});

const workOf = (
  { caching, sought, route, requestId }: Story,
  strategy: PremiumStrategy,
): Omit<PremiumWork, "redisKey" | "newerThanMs"> => ({
  model: sought.version.model,
  version: sought.version.version,
  digest: sought.version.digest,
  route,
  requestId,
  strategy,
  inputs: sought.parts.inputs,
  outputs: sought.outputs,
  inputSpecs: sought.version.inputs,
  outputSpecs: sought.version.outputs,
  classes: sought.version.manifest.classes,
  ttlMs: premiumTtlMs(strategy),
  staleMs: caching.policy.staleMs,
});
