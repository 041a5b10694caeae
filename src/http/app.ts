import { OpenAPIHono } from "@hono/zod-openapi";
import type { AppContext, AppEnv } from "./app-env.ts";
import type { HttpDeps } from "./deps.ts";
import { refuse } from "./refuse.ts";
import { requestIdOf } from "./request-id.ts";
import { addDocsRoutes } from "./routes/docs.ts";
import { addHealthRoutes } from "./routes/health.ts";
import { addInferRoutes } from "./routes/infer.ts";
import { addModelRoutes } from "./routes/models.ts";
import { addAliasRoutes } from "./routes/registry/aliases.ts";
import { addDeploymentRoutes } from "./routes/registry/deployment.ts";
import { addRegistryRoutes } from "./routes/registry/models.ts";
import { addPublishRoute } from "./routes/registry/publish.ts";
import { addVersionRoutes } from "./routes/registry/versions.ts";
import { addRepositoryRoutes } from "./routes/repository.ts";
import { addServerRoutes } from "./routes/server.ts";

/** The HTTP door: every route, and nothing that outlives a request. */
export function createApp(deps: HttpDeps): OpenAPIHono<AppEnv> {
  const app = new OpenAPIHono<AppEnv>();
  app.use(async (c, next) => {
    const requestId = requestIdOf(c.req.header("x-request-id"), deps.newId);
    c.set("requestId", requestId);
    await next();
    if (!c.res.headers.has("x-request-id")) c.header("x-request-id", requestId);
  });
  addInferRoutes(app, deps);
  addServerRoutes(app, deps);
  addModelRoutes(app, deps);
  addRepositoryRoutes(app, deps);
  addRegistryRoutes(app, deps);
  addPublishRoute(app, deps);
  addVersionRoutes(app, deps);
  addAliasRoutes(app, deps);
  addDeploymentRoutes(app, deps);
  addHealthRoutes(app, deps);
  addDocsRoutes(app, deps);
  app.notFound((c) => refuseUnrouted(app, c));
  app.onError((error, c) => refuseBug(deps, error, c));
  return app;
}

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/** 405 with `Allow` where another method would have been answered (RFC 9110, 15.5.6), else 404. */
function refuseUnrouted(app: OpenAPIHono<AppEnv>, c: AppContext): Response {
  const { method, path } = c.req;
  const allowed = METHODS.filter((other) => isRouted(app, other, path));
  if (allowed.length === 0) {
    return refuse(c, {
      status: 404,
      code: "route_not_found",
      detail: `there is nothing at ${method} ${path}; /docs lists the routes`,
    });
  }
  const allow = allowed.join(", ");
  return refuse(c, {
    status: 405,
    code: "method_not_allowed",
    detail: `${path} takes ${allow}, not ${method}`,
    headers: { allow },
  });
}

function isRouted(app: OpenAPIHono<AppEnv>, method: string, path: string): boolean {
  const [matched] = app.router.match(method, path);
  return matched.some(([[, route]]) => route.method === method);
}

/** A bug: the caller gets an id to report, the log gets the rest. */
function refuseBug(deps: HttpDeps, error: Error, c: AppContext): Response {
  const requestId = c.get("requestId");
  deps.events.emit({
    kind: "request_failed",
    requestId,
    status: 500,
    reason: "internal_error",
    detail: `${c.req.method} ${c.req.routePath}`,
    cause: error,
  });
  const detail = `something went wrong inside Freshet; the log has it under request id ${requestId}`;
  return refuse(c, { status: 500, code: "internal_error", detail });
}
