import type { OpenAPIHono } from "@hono/zod-openapi";
import { readReports } from "../../core/lifecycle/cron/cron-reports.ts";
import { addRoute } from "../add-route.ts";
import type { AppEnv } from "../app-env.ts";
import type { HttpDeps } from "../deps.ts";
import { json } from "../openapi/schemas.ts";
import { anyObject } from "../registry/schemas.ts";

/** What the crons did last. */
export function addCronRoutes(app: OpenAPIHono<AppEnv>, deps: HttpDeps): void {
  addRoute(
    app,
    deps.settings,
    {
      method: "get",
      scope: "read",
      tag: "cron",
      path: "/v1/cron",
      summary: "The latest report of each cron, and where it was found",
      responses: { 200: json(anyObject, "{crons: [{cron, does, from, last}], redis}") },
    },
    async (c) => c.json(await readReports(deps)),
  );
}
