import { listModels } from "../../core/lifecycle/list-repository.ts";
import type { HttpDeps } from "../deps.ts";
import { refuseServe } from "../refuse.ts";
import type { ServingRoute } from "../serving-route.ts";
import { renderStatistics } from "./statistics.ts";

const EXTENSIONS = [
  "classification",
  "binary_tensor_data",
  "model_repository",
  "model_configuration",
  "statistics",
];

/** What the server is and has: `/v2`, `/v2/models`, `/v2/models/stats`. */
export function serverRoutes({ settings, serve, store }: HttpDeps): readonly ServingRoute[] {
  const read = { method: "get", scope: "read", tag: "inference protocol" } as const;
  return [
    {
      ...read,
      path: "/v2",
      summary: "Server metadata",
      responses: { 200: { schema: "serverMetadata", description: "The server." } },
      handler: (c) =>
        c.json({ name: "freshet", version: settings.version, extensions: EXTENSIONS }),
    },
    {
      ...read,
      path: "/v2/models",
      summary: "Names of all models in the bucket",
      responses: { 200: { schema: "modelNames", description: "The names." } },
      refusals: [503],
      handler: async (c) => {
        const models = await listModels(store);
        return models.ok ? c.json({ models: models.value }) : refuseServe(c, models.failure);
      },
    },
    {
      ...read,
      path: "/v2/models/stats",
      summary: "Counts of every version that this isolate has run",
      responses: { 200: { schema: "object", description: "Triton's statistics." } },
      handler: (c) => c.json({ model_stats: serve.statistics.all().map(renderStatistics) }),
    },
  ];
}
