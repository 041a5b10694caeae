import type { OpenAPIHono, RouteConfig } from "@hono/zod-openapi";
import type { Scope } from "../core/model/scope.ts";
import type { AppContext, AppEnv } from "./app-env.ts";
import { refuseScope } from "./authorize.ts";
import type { HttpSettings } from "./deps.ts";
import { oipErrorSchema, problemSchema } from "./openapi/schemas.ts";
import { renderRefusal } from "./problem.ts";

/** A route as OpenAPI describes it, with the scope that it asks for; `undefined`: open to all. */
export interface RouteDefinition extends Omit<RouteConfig, "tags"> {
  readonly scope: Scope | undefined;
  /** The group it stands in on the reference page. */
  readonly tag: string;
  /** Statuses of refusals that a caller may see besides 401. */
  readonly refusals?: readonly number[];
}

type Handler = (context: AppContext) => Response | Promise<Response>;

const WHEN: Readonly<Record<number, string>> = {
  400: "The request is not what the route takes; the message names the field.",
  401: "A token with the scope is needed.",
  404: "There is no such model, version or alias.",
  409: "It cannot be done as things are; the message says what stands in the way.",
  410: "The version is deleted.",
  412: "The document is not the one of If-Match any more: read it again.",
  413: "The body is larger than MAX_BODY_BYTES, before or after decompression.",
  415: "The Content-Type or Content-Encoding is not one that the route takes.",
  422: "The file cannot be served; the message says why.",
  428: "If-Match is needed.",
  503: "The model cannot be served now, or the store does not answer; see Retry-After.",
};

/** Adds one route: to the router and to the OpenAPI document at once, behind its scope. */
export function addRoute(
  app: OpenAPIHono<AppEnv>,
  settings: HttpSettings,
  definition: RouteDefinition,
  handler: Handler,
): void {
  const { scope, tag, refusals = [], ...config } = definition;
  const statuses = scope === undefined ? refusals : [401, ...refusals];
  const documented = statuses.map((status) => [status, refusalResponse(config.path, status)]);
  app.openAPIRegistry.registerPath({
    ...config,
    tags: [tag],
    ...(scope === undefined ? {} : { security: [{ bearer: [] }] }),
    responses: { ...config.responses, ...Object.fromEntries(documented) },
  });
  const guarded = scope === undefined ? handler : guard(settings, scope, handler);
  app.on(config.method.toUpperCase(), config.path.replaceAll(/\{(\w+)\}/g, ":$1"), guarded);
}

const guard =
  (settings: HttpSettings, scope: Scope, handler: Handler): Handler =>
  (c) => {
    const refusal = refuseScope(settings, scope, c.req.header("authorization"));
    return refusal === undefined
      ? handler(c)
      : renderRefusal(c.req.path, c.get("requestId"), refusal);
  };

function refusalResponse(path: string, status: number) {
  const oip = path.startsWith("/v2");
  const type = oip ? "application/json" : "application/problem+json";
  const schema = oip ? oipErrorSchema : problemSchema;
  return { description: WHEN[status] ?? "Refused.", content: { [type]: { schema } } };
}
