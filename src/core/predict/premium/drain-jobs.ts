import type { FlightContext } from "../../cache/single-flight.ts";
import type { DeploymentFinder } from "../../lifecycle/find-deployment.ts";
import type { Job, JobStore } from "../../ports/job-store.ts";
import { routedVersions } from "../../routing/resolve.ts";
import { JOB_DEADLINE_MS } from "./hold-lease.ts";
import { type PremiumWork, readWork } from "./premium-work.ts";
import { type AttemptDeps, runAttempt, tell } from "./run-attempt.ts";
import { strategyText } from "./strategy-text.ts";

export interface DrainDeps extends AttemptDeps {
  readonly finder: Pick<DeploymentFinder, "find">;
  readonly newId: () => string;
  readonly settings: { readonly timeoutMs: number; readonly leaseMs: number };
}

/** What a drain did. */
export interface DrainReport {
  readonly completed: number;
  readonly failed: number;
  readonly dropped: number;
}

/** Workers open six connections at a time: two are left for what else there is to do. */
const LANES = 4;
/** Of runs in this isolate, whose time no clock tells in a deployed Worker. */
const MAX_JOBS = 500;

/**
 * Works through the jobs that are due: those that nobody could finish behind a request, and those
 * whose holder has died. Begins nothing after `untilMs`. Never throws.
 */
export async function drainJobs(
  deps: DrainDeps,
  context: FlightContext,
  untilMs: number,
): Promise<DrainReport> {
  const report = { completed: 0, failed: 0, dropped: 0 };
  const { jobs } = deps;
  if (jobs === undefined) return report;
  let left = MAX_JOBS;
  const claim = async (): Promise<Claimed | undefined> => {
    if (left === 0 || context.clock.now() >= untilMs) return undefined;
    left -= 1;
    const lease = { token: deps.newId(), leaseMs: deps.settings.leaseMs };
    const claimed = await jobs.claim(lease, context.clock.now(), JOB_DEADLINE_MS);
    if (!claimed.ok || claimed.value === undefined) return undefined;
    return { job: claimed.value, token: lease.token };
  };
  const lane = async (first: Claimed | undefined): Promise<void> => {
    for (let held = first; held !== undefined; held = await claim()) {
      report[await work(deps, jobs, context, held)] += 1;
    }
  };
  // Almost always there is nothing: one question a minute, not one for each lane.
  const first = await claim();
  if (first === undefined) return report;
  const others = Array.from({ length: LANES - 1 }, async () => lane(await claim()));
  await Promise.all([lane(first), ...others]);
  return report;
}

interface Claimed {
  readonly job: Job;
  readonly token: string;
}

async function work(
  deps: DrainDeps,
  jobs: JobStore,
  context: FlightContext,
  { job, token }: Claimed,
): Promise<keyof DrainReport> {
  const { timeoutMs, leaseMs } = deps.settings;
  const read = readWork(job.work);
  const unwanted = read === undefined ? "unreadable" : await whyUnwanted(deps, context, read);
  if (read === undefined || unwanted !== undefined) {
    const reason = unwanted ?? "unreadable";
    if (read !== undefined) tell(deps, { work: read, job }, "dropped", { reason });
    await jobs.finish(
      job.id,
      token,
      { kind: "dropped", reason },
      context.clock.now(),
      JOB_DEADLINE_MS,
    );
    return "dropped";
  }
  const attempt = {
    work: read,
    job: { id: job.id, attempt: job.attempt, lease: { token, leaseMs } },
    limitMs: read.strategy.timeout_ms ?? timeoutMs,
    isHandedOver: false,
  };
  return (await runAttempt(deps, context, attempt)) === undefined ? "failed" : "completed";
}

/** Nobody would be given the answer any more. A store that does not answer is no reason to think so. */
async function whyUnwanted(
  { finder }: DrainDeps,
  context: FlightContext,
  { model, version, strategy }: PremiumWork,
): Promise<string | undefined> {
  const found = await finder.find(context, model);
  if (!found.ok) return found.failure.reason === "model_not_found" ? "model_gone" : undefined;
  const { aliases, strategies } = found.value.deployment;
  const isRouted = Object.values(aliases).some((route) => routedVersions(route).includes(version));
  if (!isRouted) return "version_not_routed";
  const { premium } = strategies ?? {};
  if (premium === undefined) return "strategy_gone";
  return strategyText(premium) === strategyText(strategy) ? undefined : "strategy_changed";
}
