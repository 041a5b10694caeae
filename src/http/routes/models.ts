import type { OpenAPIHono } from "@hono/zod-openapi";
import { z } from "@hono/zod-openapi";
import type { LoadedVersion } from "../../core/cache/model-cache.ts";
import { listVersions } from "../../core/lifecycle/list-repository.ts";
import type { ServeFailure } from "../../core/model/failure.ts";
import { parseReference } from "../../core/model/reference.ts";
import type { Result } from "../../core/model/result.ts";
import { ok } from "../../core/model/result.ts";
import { type Acquired, acquireVersion } from "../../core/predict/acquire.ts";
import { addRoute, type RouteDefinition } from "../add-route.ts";
import type { AppContext, AppEnv } from "../app-env.ts";
import type { HttpDeps } from "../deps.ts";
import { flightContext } from "../flight-context.ts";
import { json, modelMetadataSchema, modelParams, versionParams } from "../openapi/schemas.ts";
import { refuseServe } from "../refuse.ts";
import { renderModelConfig } from "./model-config.ts";
import { renderStatistics } from "./statistics.ts";

type Page = (c: AppContext, acquired: Acquired) => Response | Promise<Response>;

const anyObject = z.record(z.string(), z.unknown());

/** Facts about one model, of the version an alias means or of a fixed one. Each loads it when need be. */
export function addModelRoutes(app: OpenAPIHono<AppEnv>, deps: HttpDeps): void {
  const { statistics } = deps.serve;
  addPage(app, deps, "", "Model metadata", modelMetadataSchema, (c, { loaded }) =>
    metadata(c, deps, loaded),
  );
  addPage(
    app,
    deps,
    "/ready",
    "Whether an inference would be answered",
    anyObject,
    (c, { loaded }) => c.json({ name: loaded.model, version: loaded.version, ready: true }),
  );
  addPage(
    app,
    deps,
    "/config",
    "Model configuration in Triton's form",
    anyObject,
    (c, { loaded }) => c.json(renderModelConfig(loaded)),
  );
  addPage(app, deps, "/stats", "Counts of this isolate", anyObject, (c, { loaded }) =>
    c.json({ model_stats: [renderStatistics(statistics.page(loaded.model, loaded.version))] }),
  );
}

/** Adds a page under `/v2/models/{model}` and under each version or alias of it. */
function addPage(
  app: OpenAPIHono<AppEnv>,
  deps: HttpDeps,
  suffix: string,
  summary: string,
  schema: z.ZodType,
  page: Page,
): void {
  const common: Omit<RouteDefinition, "path" | "request"> = {
    method: "get",
    scope: "read",
    tag: "inference protocol",
    summary,
    responses: { 200: json(schema, `${summary}.`) },
    refusals: [400, 404, 503],
  };
  const handler = async (c: AppContext) => {
    const acquired = await acquire(c, deps);
    return acquired.ok ? page(c, acquired.value) : refuseServe(c, acquired.failure);
  };
  const path = "/v2/models/{model}";
  addRoute(
    app,
    deps.settings,
    { ...common, path: `${path}${suffix}`, request: { params: modelParams } },
    handler,
  );
  const versioned = {
    ...common,
    path: `${path}/versions/{version}${suffix}`,
    request: { params: versionParams },
  };
  addRoute(app, deps.settings, versioned, handler);
}

async function acquire(c: AppContext, deps: HttpDeps): Promise<Result<Acquired, ServeFailure>> {
  const reference = parseReference(c.req.param("model") ?? "", c.req.param("version"));
  if (!reference.ok) return reference;
  const stickiness = { random: deps.random };
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
