import type { OpenAPIHono } from "@hono/zod-openapi";
import { z } from "@hono/zod-openapi";
import { type Health, type HealthDeps, readHealth } from "../../core/lifecycle/read-health.ts";
import { addRoute } from "../add-route.ts";
import type { AppContext, AppEnv } from "../app-env.ts";
import type { HttpDeps } from "../deps.ts";
import { json } from "../openapi/schemas.ts";

const anyObject = z.record(z.string(), z.unknown());

/** `/health…` with detail, and the protocol's `/v2/health…`. Open to all: probes carry no tokens. */
export function addHealthRoutes(app: OpenAPIHono<AppEnv>, deps: HttpDeps): void {
  const { settings } = deps;
  const open = { method: "get", scope: undefined, tag: "health" } as const;
  addRoute(
    app,
    settings,
    {
      ...open,
      path: "/health",
      summary: "State of each dependency",
      responses: { 200: json(anyObject, "It can serve."), 503: json(anyObject, "It cannot.") },
    },
    async (c) => answer(c, await health(deps)),
  );
  for (const path of ["/health/live", "/v2/health/live"]) {
    addRoute(
      app,
      settings,
      {
        ...open,
        path,
        summary: "The isolate answers",
        responses: { 200: json(anyObject, "Alive.") },
      },
      (c) => c.json({ live: true }),
    );
  }
  for (const path of ["/health/ready", "/v2/health/ready"]) {
    addRoute(
      app,
      settings,
      {
        ...open,
        path,
        summary: "It can serve: the engine runs, and the store answers or a model is loaded",
        responses: { 200: json(anyObject, "Ready."), 503: json(anyObject, "Not ready.") },
      },
      async (c) => {
        const { ready } = await health(deps);
        return c.json({ ready }, ready ? 200 : 503);
      },
    );
  }
  addRoute(
    app,
    settings,
    {
      ...open,
      path: "/version",
      summary: "Version of Freshet",
      responses: { 200: json(anyObject, "The version.") },
    },
    (c) =>
      c.json({ name: "freshet", version: settings.version, environment: settings.environment }),
  );
}

const health = (deps: HttpDeps): Promise<Health> => {
  const { store, sharedCache, engine, clock } = deps;
  const { models } = deps.serve;
  return readHealth({ store, sharedCache, engine, clock, models } satisfies HealthDeps);
};

const answer = (c: AppContext, health: Health): Response =>
  c.json(health, health.ready ? 200 : 503);
