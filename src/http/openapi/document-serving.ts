import type { OpenAPIHono } from "@hono/zod-openapi";
import type { AppEnv } from "../app-env.ts";
import type { DocumentedBody, ServingRoute } from "../serving-route.ts";
import { refusalResponses } from "./refusal-responses.ts";
import { modelParams, SCHEMAS, versionParams } from "./schemas.ts";

type Registry = OpenAPIHono<AppEnv>["openAPIRegistry"];

const OCTETS = {
  "application/octet-stream": { schema: { type: "string", format: "binary" } },
} as const;

/** Puts a route of the serving path into the OpenAPI document. */
export function documentServing(registry: Registry, route: ServingRoute): void {
  const { method, path, scope, tag, summary, body, responses, refusals = [] } = route;
  const statuses = scope === undefined ? refusals : [401, ...refusals];
  const answers = Object.entries(responses).map(([status, given]) => [status, describe(given)]);
  const params = path.includes("{version}")
    ? { params: versionParams }
    : path.includes("{model}")
      ? { params: modelParams }
      : {};
  registry.registerPath({
    method,
    path,
    tags: [tag],
    summary,
    ...(scope === undefined ? {} : { security: [{ bearer: [] }] }),
    request: { ...params, ...(body === undefined ? {} : { body: describe(body) }) },
    responses: { ...Object.fromEntries(answers), ...refusalResponses(path, statuses) },
  });
}

const describe = ({ schema, description, octets = false }: DocumentedBody) => ({
  description,
  content: { "application/json": { schema: SCHEMAS[schema] }, ...(octets ? OCTETS : {}) },
});
