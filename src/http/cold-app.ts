import { OpenAPIHono } from "@hono/zod-openapi";
import type { AppContext, AppEnv } from "./app-env.ts";
import type { HttpDeps } from "./deps.ts";
import { routerPath } from "./guard.ts";
import { documentServing } from "./openapi/document-serving.ts";
import { refuse } from "./refuse.ts";
import { refuseBug } from "./refuse-bug.ts";
import { addAccuracyRoutes } from "./routes/accuracy.ts";
import { addBundleRunRoutes } from "./routes/bundle-runs.ts";
import { addBundleRoutes } from "./routes/bundles.ts";
import { addCacheRoutes } from "./routes/cache.ts";
import { addConversationRoutes } from "./routes/conversations.ts";
import { addCronRoutes } from "./routes/cron.ts";
import { addDocsRoutes } from "./routes/docs.ts";
import { addEntityRoutes } from "./routes/entities.ts";
import { addEntityLinesRoute } from "./routes/entity-lines.ts";
import { addJobActRoutes } from "./routes/job-acts.ts";
import { addJobRoutes } from "./routes/jobs.ts";
import { addOutcomeRoutes } from "./routes/outcomes.ts";
import { addPredictRowsRoute } from "./routes/predict-rows.ts";
import { addPredictionRoutes } from "./routes/predictions.ts";
import { addAliasRoutes } from "./routes/registry/aliases.ts";
import { addAuditRoutes } from "./routes/registry/audit.ts";
import { addBackupRoutes } from "./routes/registry/backup.ts";
import { addDeploymentRoutes } from "./routes/registry/deployment.ts";
import { addRegistryRoutes } from "./routes/registry/models.ts";
import { addPublishRoute } from "./routes/registry/publish.ts";
import { addStoreRoutes } from "./routes/registry/store.ts";
import { addUploadRoutes } from "./routes/registry/uploads.ts";
import { addVersionRoutes } from "./routes/registry/versions.ts";
import type { ServingRoute } from "./serving-route.ts";

/**
 * The part of the door that no prediction passes: the registry, the API's description, and
 * the refusal of what nobody routes. Not imported but by `import()`.
 */
export function createColdApp(
  deps: HttpDeps,
  serving: readonly ServingRoute[],
): OpenAPIHono<AppEnv> {
  const app = new OpenAPIHono<AppEnv>();
  app.use(async (c, next) => {
    const { requestId } = c.env;
    c.set("requestId", requestId);
    await next();
    if (!c.res.headers.has("x-request-id")) c.header("x-request-id", requestId);
  });
  for (const route of serving) documentServing(app.openAPIRegistry, route);
  addPredictRowsRoute(app, deps);
  addPredictionRoutes(app, deps);
  addOutcomeRoutes(app, deps);
  addAccuracyRoutes(app, deps);
  addRegistryRoutes(app, deps);
  addPublishRoute(app, deps);
  addUploadRoutes(app, deps);
  addVersionRoutes(app, deps);
  addAliasRoutes(app, deps);
  addDeploymentRoutes(app, deps);
  addBundleRoutes(app, deps);
  addBundleRunRoutes(app, deps);
  addCronRoutes(app, deps);
  addBackupRoutes(app, deps);
  addAuditRoutes(app, deps);
  addStoreRoutes(app, deps);
  addCacheRoutes(app, deps);
  addEntityRoutes(app, deps);
  addEntityLinesRoute(app, deps);
  addConversationRoutes(app, deps);
  addJobRoutes(app, deps);
  addJobActRoutes(app, deps);
  addDocsRoutes(app, deps);
  app.notFound((c) => refuseUnrouted(app, serving, c));
  app.onError((error, c) => refuseBug(deps, error, c));
  return app;
}

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/** 405 with `Allow` where another method would have been answered (RFC 9110, 15.5.6), else 404. */
function refuseUnrouted(
  app: OpenAPIHono<AppEnv>,
  serving: readonly ServingRoute[],
  c: AppContext,
): Response {
  const { method, path } = c.req;
  const routed = METHODS.filter(
    (other) => isRouted(app, other, path) || isServed(serving, other, path),
  );
  // What answers GET answers HEAD.
  const allowed = routed.flatMap((other) => (other === "GET" ? [other, "HEAD"] : [other]));
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

const isServed = (serving: readonly ServingRoute[], method: string, path: string): boolean =>
  serving.some(
    (route) =>
      route.method.toUpperCase() === method &&
      new RegExp(`^${routerPath(route.path).replaceAll(/:\w+/g, "[^/]+")}$`).test(path),
  );
