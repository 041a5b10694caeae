import { type OpenAPIHono, z } from "@hono/zod-openapi";
import { isModelName } from "../../core/model/reference.ts";
import { fail, ok, type Result } from "../../core/model/result.ts";
import { JOB_STATES, type JobStore } from "../../core/ports/job-store.ts";
import { addRoute } from "../add-route.ts";
import type { AppContext, AppEnv } from "../app-env.ts";
import type { HttpDeps } from "../deps.ts";
import { JOB_NOT_FOUND, jobIdOf, writeCounts, writeJob } from "../jobs/job-answers.ts";
import { JOB_DEADLINE_MS, jobParams, withJobs } from "../jobs/with-jobs.ts";
import { json } from "../openapi/schemas.ts";
import { refuseRedis } from "../redis-refusal.ts";
import { refuse, refuseRegistry } from "../refuse.ts";
import { readLimit, readNumberCursor, writeCursor } from "../registry/cursor.ts";
import { anyObject, pageQuery } from "../registry/schemas.ts";

const TAG = "jobs";

const SHAPE =
  "{id, model, version, strategy, state, attempts, max_attempts, reason?, created_at, due_at, duration_ms?, request_id, timeline: [{at, event, detail?}]}";

/** Premium jobs as they stand: all of them, and one. */
export function addJobRoutes(app: OpenAPIHono<AppEnv>, deps: HttpDeps): void {
  const { settings } = deps;
  const read = { method: "get", scope: "read", tag: TAG } as const;
  addRoute(
    app,
    settings,
    {
      ...read,
      path: "/v1/jobs",
      summary: "Jobs, newest first, and how many are in each state",
      request: {
        query: pageQuery.extend({
          state: z.enum(JOB_STATES).optional().openapi({ description: "Only these." }),
          model: z.string().optional().openapi({ description: "Only those of a model." }),
        }),
      },
      responses: {
        200: json(anyObject, "{counts, oldest_seconds, duration_ms, items, next_cursor?}"),
      },
      refusals: [400, 503],
    },
    withJobs(deps, (c, jobs) => answerList(c, deps, jobs)),
  );
  addRoute(
    app,
    settings,
    {
      ...read,
      path: "/v1/jobs/{id}",
      summary: "A job with what happened to it",
      request: { params: jobParams },
      responses: { 200: json(anyObject, SHAPE) },
      refusals: [404, 503],
    },
    withJobs(deps, (c, jobs) => answerOne(c, deps, jobs)),
  );
}

async function answerList(c: AppContext, deps: HttpDeps, jobs: JobStore): Promise<Response> {
  const query = readQuery(c);
  if (!query.ok) return refuseRegistry(c, query.failure);
  const [page, counts] = await Promise.all([
    jobs.list(query.value, JOB_DEADLINE_MS),
    jobs.counts(deps.clock.now(), JOB_DEADLINE_MS),
  ]);
  if (!page.ok) return refuseRedis(c, deps, page.failure);
  if (!counts.ok) return refuseRedis(c, deps, counts.failure);
  const { cursor } = page.value;
  return c.json({
    ...writeCounts(counts.value),
    items: page.value.jobs.map(writeJob),
    ...(cursor === undefined ? {} : { next_cursor: writeCursor(cursor) }),
  });
}

type ListQuery = Parameters<JobStore["list"]>[0];

function readQuery(
  c: AppContext,
): Result<ListQuery, { readonly reason: "invalid_request"; readonly detail: string }> {
  const limit = readLimit(c.req.query("limit"), { fallback: 50, max: 100 });
  if (!limit.ok) return limit;
  const cursor = readNumberCursor(c.req.query("cursor"));
  if (!cursor.ok) return cursor;
  const wished = c.req.query("state");
  const state = JOB_STATES.find((known) => known === wished);
  const model = c.req.query("model");
  const wrong = (detail: string) => fail({ reason: "invalid_request", detail });
  if (wished !== undefined && state === undefined) {
    return wrong(`state must be one of ${JOB_STATES.join(", ")}`);
  }
  if (model !== undefined && !isModelName(model)) return wrong("model is not a model name");
  return ok({
    limit: limit.value,
    ...(cursor.value === undefined ? {} : { cursor: String(cursor.value) }),
    ...(state === undefined ? {} : { state }),
    ...(model === undefined ? {} : { model }),
  });
}

async function answerOne(c: AppContext, deps: HttpDeps, jobs: JobStore): Promise<Response> {
  const id = jobIdOf(c);
  if (id === undefined) return refuse(c, JOB_NOT_FOUND);
  const job = await jobs.get(id, JOB_DEADLINE_MS);
  if (!job.ok) return refuseRedis(c, deps, job.failure);
  return job.value === undefined ? refuse(c, JOB_NOT_FOUND) : c.json(writeJob(job.value));
}
