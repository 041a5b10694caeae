import type { OpenAPIHono } from "@hono/zod-openapi";
import { z } from "@hono/zod-openapi";
import { listModels } from "../../core/lifecycle/list-repository.ts";
import { addRoute } from "../add-route.ts";
import type { AppEnv } from "../app-env.ts";
import type { HttpDeps } from "../deps.ts";
import { json, serverMetadataSchema } from "../openapi/schemas.ts";
import { refuseServe } from "../refuse.ts";
import { renderStatistics } from "./statistics.ts";

const EXTENSIONS = [
  "classification",
  "binary_tensor_data",
  "model_repository",
  "model_configuration",
  "statistics",
];

/** What the server is and has: `/v2`, `/v2/models`, `/v2/models/stats`. */
export function addServerRoutes(app: OpenAPIHono<AppEnv>, deps: HttpDeps): void {
  const { settings, serve } = deps;
  const read = { method: "get", scope: "read", tag: "inference protocol" } as const;
  addRoute(
    app,
    settings,
    {
      ...read,
      path: "/v2",
      summary: "Server metadata",
      responses: { 200: json(serverMetadataSchema, "The server.") },
    },
    (c) => c.json({ name: "freshet", version: settings.version, extensions: EXTENSIONS }),
  );
  addRoute(
    app,
    settings,
    {
      ...read,
      path: "/v2/models",
      summary: "Names of all models in the bucket",
      responses: { 200: json(z.object({ models: z.array(z.string()) }), "The names.") },
      refusals: [503],
    },
    async (c) => {
      const models = await listModels(deps.store);
      return models.ok ? c.json({ models: models.value }) : refuseServe(c, models.failure);
    },
  );
  addRoute(
    app,
    settings,
    {
      ...read,
      path: "/v2/models/stats",
      summary: "Counts of every version that this isolate has run",
      responses: { 200: json(z.record(z.string(), z.unknown()), "Triton's statistics.") },
    },
    (c) => c.json({ model_stats: serve.statistics.all().map(renderStatistics) }),
  );
}
