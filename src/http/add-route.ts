import type { OpenAPIHono, RouteConfig } from "@hono/zod-openapi";
import type { Scope } from "../core/model/scope.ts";
import type { AppEnv } from "./app-env.ts";
import type { HttpSettings } from "./deps.ts";
import { guard, routerPath } from "./guard.ts";
import { refusalResponses } from "./openapi/refusal-responses.ts";
import type { Handler } from "./serving-route.ts";

/** A route as OpenAPI describes it, with the scope that it asks for; `undefined`: open to all. */
export interface RouteDefinition extends Omit<RouteConfig, "tags"> {
  readonly scope: Scope | undefined;
  /** The group it stands in on the reference page. */
  readonly tag: string;
  /** Statuses of refusals that a caller may see besides 401. */
  readonly refusals?: readonly number[];
}

/** Adds one route: to the router and to the OpenAPI document at once, behind its scope. */
export function addRoute(
  app: OpenAPIHono<AppEnv>,
  settings: HttpSettings,
  definition: RouteDefinition,
  handler: Handler,
): void {
  const { scope, tag, refusals = [], ...config } = definition;
  const statuses = scope === undefined ? refusals : [401, ...refusals];
  app.openAPIRegistry.registerPath({
    ...config,
    tags: [tag],
    ...(scope === undefined ? {} : { security: [{ bearer: [] }] }),
    responses: { ...config.responses, ...refusalResponses(config.path, statuses) },
  });
  app.on(config.method.toUpperCase(), routerPath(config.path), guard(settings, scope, handler));
}
