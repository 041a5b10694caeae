import type { LoadedVersion } from "../../core/cache/model-cache.ts";
import { listVersions } from "../../core/lifecycle/list-repository.ts";
import type { ServeFailure } from "../../core/model/failure.ts";
import { parseReference } from "../../core/model/reference.ts";
import type { Result } from "../../core/model/result.ts";
import { ok } from "../../core/model/result.ts";
import { type Acquired, acquireVersion } from "../../core/predict/acquire.ts";
import type { AppContext } from "../app-env.ts";
import type { HttpDeps } from "../deps.ts";
import { flightContext } from "../flight-context.ts";
import type { SchemaName } from "../openapi/schemas.ts";
import { refuseServe } from "../refuse.ts";
import type { ServingRoute } from "../serving-route.ts";
import { renderModelConfig } from "./model-config.ts";
import { renderStatistics } from "./statistics.ts";

type Page = (c: AppContext, acquired: Acquired) => Response | Promise<Response>;

/** Facts about one model, of the version an alias means or of a fixed one. Each loads it when need be. */
export function modelRoutes(deps: HttpDeps): readonly ServingRoute[] {
  const { statistics } = deps.serve;
  return [
    ...pageRoutes(deps, "", "Model metadata", "modelMetadata", (c, { loaded }) =>
      metadata(c, deps, loaded),
    ),
    ...pageRoutes(
      deps,
      "/ready",
      "Whether an inference would be answered",
      "object",
      (c, { loaded }) => c.json({ name: loaded.model, version: loaded.version, ready: true }),
    ),
    ...pageRoutes(
      deps,
      "/config",
      "Model configuration in Triton's form",
      "object",
      (c, { loaded }) => c.json(renderModelConfig(loaded)),
    ),
    ...pageRoutes(deps, "/stats", "Counts of this isolate", "object", (c, { loaded }) =>
      c.json({ model_stats: [renderStatistics(statistics.page(loaded.model, loaded.version))] }),
    ),
  ];
}

/** A page under `/v2/models/{model}` and under each version or alias of it. */
function pageRoutes(
  deps: HttpDeps,
  suffix: string,
  summary: string,
  schema: SchemaName,
  page: Page,
): readonly ServingRoute[] {
  const common: Omit<ServingRoute, "path"> = {
    method: "get",
    scope: "read",
    tag: "inference protocol",
    summary,
    responses: { 200: { schema, description: `${summary}.` } },
    refusals: [400, 404, 503],
    handler: async (c) => {
      const acquired = await acquire(c, deps);
      return acquired.ok ? page(c, acquired.value) : refuseServe(c, acquired.failure);
    },
  };
  const path = "/v2/models/{model}";
  return [
    { ...common, path: `${path}${suffix}` },
    { ...common, path: `${path}/versions/{version}${suffix}` },
  ];
}

async function acquire(c: AppContext, deps: HttpDeps): Promise<Result<Acquired, ServeFailure>> {
  const reference = parseReference(c.req.param("model") ?? "", c.req.param("version"));
  if (!reference.ok) return reference;
  const stickiness = () => ({ random: deps.random });
  return acquireVersion(deps.serve, flightContext(c, deps.clock), reference.value, stickiness);
}

async function metadata(c: AppContext, deps: HttpDeps, loaded: LoadedVersion): Promise<Response> {
  const fixed = c.req.param("version") !== undefined;
  const versions = fixed ? ok([loaded.version]) : await listVersions(deps.store, loaded.model);
  const { manifest, session } = loaded;
  return c.json({
    name: loaded.model,
    // The store may be out of reach while the model serves on.
    versions: versions.ok ? versions.value : [loaded.version],
    platform: "onnxruntime_onnx",
    inputs: session.inputs,
    outputs: session.outputs,
    parameters: {
      version: loaded.version,
      digest: loaded.digest,
      task: manifest.task,
      ...(manifest.classes.length === 0 ? {} : { classes: manifest.classes }),
      ...(manifest.description === undefined ? {} : { description: manifest.description }),
    },
  });
}
