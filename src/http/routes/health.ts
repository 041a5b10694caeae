import {
  type Health,
  type HealthDeps,
  isReady,
  readHealth,
} from "../../core/lifecycle/read-health.ts";
import type { AppContext } from "../app-env.ts";
import type { HttpDeps } from "../deps.ts";
import type { ServingRoute } from "../serving-route.ts";

/** `/health…` with detail, and the protocol's `/v2/health…`. Open to all: probes carry no tokens. */
export function healthRoutes(deps: HttpDeps): readonly ServingRoute[] {
  const { settings } = deps;
  const open = { method: "get", scope: undefined, tag: "health" } as const;
  return [
    {
      ...open,
      path: "/health",
      summary: "State of each dependency",
      responses: {
        200: { schema: "object", description: "It can serve." },
        503: { schema: "object", description: "It cannot." },
      },
      handler: async (c) => answer(c, await readHealth(withJobs(deps))),
    },
    ...["/health/live", "/v2/health/live"].map((path) => ({
      ...open,
      path,
      summary: "The isolate answers",
      responses: { 200: { schema: "object", description: "Alive." } as const },
      handler: (c: AppContext) => c.json({ live: true }),
    })),
    ...["/health/ready", "/v2/health/ready"].map((path) => ({
      ...open,
      path,
      summary: "It can serve: the engine runs, and the store answers or a model is loaded",
      responses: {
        200: { schema: "object", description: "Ready." },
        503: { schema: "object", description: "Not ready." },
      } as const,
      handler: async (c: AppContext) => {
        const ready = await isReady(healthDeps(deps));
        return c.json({ ready }, ready ? 200 : 503);
      },
    })),
    {
      ...open,
      path: "/version",
      summary: "Version of Freshet",
      responses: { 200: { schema: "object", description: "The version." } },
      handler: (c) =>
        c.json({ name: "freshet", version: settings.version, environment: settings.environment }),
    },
  ];
}

function healthDeps({ store, sharedCache, engine, clock, serve }: HttpDeps): HealthDeps {
  return { store, sharedCache, engine, clock, models: serve.models };
}

function withJobs(deps: HttpDeps): HealthDeps {
  const { jobs: store, settings } = deps;
  const jobs = store && { store, backlogWarn: settings.jobsBacklogWarn };
  return { ...healthDeps(deps), ...(jobs === undefined ? {} : { jobs }) };
}

const answer = (c: AppContext, health: Health): Response =>
  c.json(health, health.ready ? 200 : 503);
