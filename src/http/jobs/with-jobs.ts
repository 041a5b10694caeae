import { z } from "@hono/zod-openapi";
import type { JobStore } from "../../core/ports/job-store.ts";
import type { AppContext } from "../app-env.ts";
import type { HttpDeps } from "../deps.ts";
import { redisRequired } from "../redis-refusal.ts";
import { refuse } from "../refuse.ts";

/** What a person or a script that looks at jobs waits for Redis at most. */
export const JOB_DEADLINE_MS = 2_000;

export const jobParams = z.object({
  id: z.string().openapi({ description: "Id of a job.", example: "01KB5Q0ZJ7" }),
});

/** Hands a handler the store, or refuses where there is no Redis. */
export const withJobs =
  (
    { jobs }: Pick<HttpDeps, "jobs">,
    handler: (c: AppContext, jobs: JobStore) => Promise<Response>,
  ) =>
  (c: AppContext): Response | Promise<Response> =>
    jobs === undefined ? refuse(c, redisRequired("jobs")) : handler(c, jobs);
