import { Hono } from "hono";
import type { AppContext, AppEnv } from "./app-env.ts";
import type { HttpDeps } from "./deps.ts";
import { guard, routerPath } from "./guard.ts";
import { refuseBug } from "./refuse-bug.ts";
import { requestIdOf } from "./request-id.ts";
import { healthRoutes } from "./routes/health.ts";
import { inferRoutes } from "./routes/infer.ts";
import { modelRoutes } from "./routes/models.ts";
import { repositoryRoutes } from "./routes/repository.ts";
import { serverRoutes } from "./routes/server.ts";
import type { Handler, ServingRoute } from "./serving-route.ts";

/**
 * The HTTP door. What serves predictions is here from the start; the registry, the OpenAPI
 * document and the refusals of what is not routed are loaded when they are first asked for,
 * since a cold start waits for every kilobyte.
 */
export function createApp(deps: HttpDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  const routes = servingRoutes(deps);
  for (const route of routes) {
    const guarded = guard(deps.settings, route.scope, route.handler);
    const handler = identify(deps, guarded, route.setsRequestId === true);
    app.on(route.method.toUpperCase(), routerPath(route.path), handler);
  }
  app.notFound(identify(deps, askColdApp(deps, routes), true));
  app.onError((error, c) => refuseBug(deps, error, c));
  return app;
}

/**
 * Gives a request its id. No middleware: a route with a handler alone is answered by Hono
 * without composing anything, and a prediction's answer is not touched twice.
 */
const identify =
  (deps: HttpDeps, handler: Handler, setsRequestId: boolean): Handler =>
  (c) => {
    const requestId = requestIdOf(c.req.header("x-request-id"), deps.newId);
    c.set("requestId", requestId);
    if (!setsRequestId) c.header("x-request-id", requestId);
    return handler(c);
  };

/** Every route of the serving path. */
export const servingRoutes = (deps: HttpDeps): readonly ServingRoute[] => [
  ...inferRoutes(deps),
  ...serverRoutes(deps),
  ...modelRoutes(deps),
  ...repositoryRoutes(deps),
  ...healthRoutes(deps),
];

/** Passes a request on to the part of the door that is loaded once somebody wants it. */
function askColdApp(deps: HttpDeps, routes: readonly ServingRoute[]): Handler {
  let app: Hono<AppEnv> | undefined;
  return async (c: AppContext) => {
    const { createColdApp } = await import("./cold-app.ts");
    app ??= createColdApp(deps, routes);
    return app.fetch(c.req.raw, { requestId: c.get("requestId") }, c.executionCtx);
  };
}
