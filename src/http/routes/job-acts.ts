import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Job, JobAnswer, JobStore } from "../../core/ports/job-store.ts";
import { addRoute } from "../add-route.ts";
import type { AppContext, AppEnv } from "../app-env.ts";
import type { HttpDeps } from "../deps.ts";
import { JOB_NOT_FOUND, jobEnded, jobIdOf, jobNotEnded, writeJob } from "../jobs/job-answers.ts";
import { JOB_DEADLINE_MS, jobParams, withJobs } from "../jobs/with-jobs.ts";
import { json } from "../openapi/schemas.ts";
import type { Refusal } from "../problem.ts";
import { refuseRedis } from "../redis-refusal.ts";
import { refuse, refuseRegistry } from "../refuse.ts";
import { auditAction } from "../registry/audit-action.ts";
import { anyObject } from "../registry/schemas.ts";

/** What an administrator does to a job. */
interface JobAct {
  readonly verb: "retry" | "cancel";
  readonly summary: string;
  act(jobs: JobStore, id: string, nowMs: number): JobAnswer<string>;
  /** What `act` answers when it was done. */
  readonly done: string;
  /** Why not, by the job as it is then. */
  refusal(job: Job): Refusal;
}

const ACTS: readonly JobAct[] = [
  {
    verb: "retry",
    summary: "Queue a job that has ended again, with all its attempts",
    act: (jobs, id, nowMs) => jobs.retry(id, nowMs, JOB_DEADLINE_MS),
    done: "retried",
    refusal: jobNotEnded,
  },
  {
    verb: "cancel",
    summary: "Drop a job that is queued or running; what its worker then answers is thrown away",
    act: (jobs, id, nowMs) => jobs.cancel(id, nowMs, JOB_DEADLINE_MS),
    done: "cancelled",
    refusal: jobEnded,
  },
];

/** `POST /v1/jobs/{id}/retry` and `…/cancel`: acts of an administrator, in the audit. */
export function addJobActRoutes(app: OpenAPIHono<AppEnv>, deps: HttpDeps): void {
  for (const act of ACTS) {
    addRoute(
      app,
      deps.settings,
      {
        method: "post",
        scope: "admin",
        tag: "jobs",
        path: `/v1/jobs/{id}/${act.verb}`,
        summary: act.summary,
        request: { params: jobParams },
        responses: { 200: json(anyObject, "The job as it is now.") },
        refusals: [404, 409, 422, 503],
      },
      withJobs(deps, (c, jobs) => answerAct(c, deps, jobs, act)),
    );
  }
}

async function answerAct(
  c: AppContext,
  deps: HttpDeps,
  jobs: JobStore,
  { verb, act, done, refusal }: JobAct,
): Promise<Response> {
  const id = jobIdOf(c);
  if (id === undefined) return refuse(c, JOB_NOT_FOUND);
  const before = await jobs.get(id, JOB_DEADLINE_MS);
  if (!before.ok) return refuseRedis(c, deps, before.failure);
  if (before.value === undefined) return refuse(c, JOB_NOT_FOUND);
  const { model } = before.value;
  const mover = await auditAction(c, deps, { action: `${verb}_job`, model, target: id });
  if (!mover.ok) return refuseRegistry(c, mover.failure);
  const answer = await act(jobs, id, deps.clock.now());
  if (!answer.ok) return refuseRedis(c, deps, answer.failure);
  const after = await jobs.get(id, JOB_DEADLINE_MS);
  if (!after.ok) return refuseRedis(c, deps, after.failure);
  if (after.value === undefined) return refuse(c, JOB_NOT_FOUND);
  return answer.value === done ? c.json(writeJob(after.value)) : refuse(c, refusal(after.value));
}
