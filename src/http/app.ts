import { Hono } from "hono";
import { RegExpRouter } from "hono/router/reg-exp-router";
import { andThen } from "../core/model/maybe-promise.ts";
import type { AppContext, AppEnv } from "./app-env.ts";
import { refuseHeard } from "./body/read-on.ts";
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
  const routes = servingRoutes(deps);
  const rest = new Hono<AppEnv>();
  register(rest, deps, routes);
  // Described by the cold app, whose other routes the first prediction of rows need not wait for.
  rest.post(routerPath("/v1/models/{model}/predict"), identify(deps, predictRows(deps), true));
  rest.notFound(identify(deps, askColdApp(deps, routes), true));
  rest.onError((error, c) => refuseBug(deps, error, c));
  // Predictions have a router of their own: one regular expression, which the many other
  // routes are too irregular for, takes a tenth of the time of the router that they need.
  const app = new Hono<AppEnv>({ router: new RegExpRouter() });
  register(app, deps, inferRoutes(deps));
  app.notFound((c) => rest.fetch(c.req.raw, c.env, c.executionCtx));
  app.onError((error, c) => refuseBug(deps, error, c));
  return app;
}

function register(app: Hono<AppEnv>, deps: HttpDeps, routes: readonly ServingRoute[]): void {
  for (const route of routes) {
    const guarded = guard(deps.settings, route.scope, route.handler);
    const handler = identify(deps, guarded, route.setsRequestId === true);
    app.on(route.method.toUpperCase(), routerPath(route.path), handler);
  }
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
    const heard = (answer: Response) =>
      answer.status < 400 ? answer : refuseHeard(c.req.raw, answer, deps.clock);
    return andThen(handler(c), heard);
  };

/** Every route of the serving path. */
export const servingRoutes = (deps: HttpDeps): readonly ServingRoute[] => [
  ...inferRoutes(deps),
  ...serverRoutes(deps),
  ...modelRoutes(deps),
  ...repositoryRoutes(deps),
  ...healthRoutes(deps),
];

const predictRows = (deps: HttpDeps): Handler =>
  guard(deps.settings, "infer", async (c) => {
    const { answerRows } = await import("./predict/answer-rows.ts");
    return answerRows(c, deps);
  });

/** Passes a request on to the part of the door that is loaded once somebody wants it. */
function askColdApp(deps: HttpDeps, routes: readonly ServingRoute[]): Handler {
  let app: Hono<AppEnv> | undefined;
  return async (c: AppContext) => {
    const { createColdApp } = await import("./cold-app.ts");
    app ??= createColdApp(deps, routes);
    return app.fetch(c.req.raw, { requestId: c.get("requestId") }, c.executionCtx);
  };
}
