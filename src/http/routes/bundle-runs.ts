import { type OpenAPIHono, z } from "@hono/zod-openapi";
import { type BundleLoadLine, loadBundle } from "../../core/lifecycle/bundle/load-bundle.ts";
import { bundleFailure, readBundle } from "../../core/lifecycle/bundle/read-bundle.ts";
import { addRoute } from "../add-route.ts";
import type { AppContext, AppEnv } from "../app-env.ts";
import { answerPredict } from "../bundle/answer-predict.ts";
import { bundleNameOf, bundleParams } from "../bundle/bundle-name.ts";
import type { HttpDeps } from "../deps.ts";
import { flightContext } from "../flight-context.ts";
import { json, SCHEMAS } from "../openapi/schemas.ts";
import { rowsQuerySchema, rowsRequestSchema } from "../predict/schemas.ts";
import { refusalOf } from "../refusals.ts";
import { refuseRegistry } from "../refuse.ts";
import { anyObject } from "../registry/schemas.ts";

const PATH = "/v1/bundles/{bundle}";

/** What is done with all models of a bundle at once: load them, ask them. */
export function addBundleRunRoutes(app: OpenAPIHono<AppEnv>, deps: HttpDeps): void {
  const body = json(
    z.union([rowsRequestSchema, SCHEMAS.inferRequest]),
    "Rows, columns, entities or CSV, as one model takes them, without `conversation`; or tensors, all JSON.",
  );
  addRoute(
    app,
    deps.settings,
    {
      method: "post",
      scope: "admin",
      tag: "registry",
      path: `${PATH}/load`,
      summary:
        "Ask the store about every model of a bundle and load it, in the isolate that answers",
      request: { params: bundleParams },
      responses: {
        200: json(anyObject, "{bundle, loaded, failed, results}: a line per reference."),
      },
      refusals: [400, 404, 409, 503],
    },
    (c) => answerLoad(c, deps),
  );
  addRoute(
    app,
    deps.settings,
    {
      method: "post",
      scope: "infer",
      tag: "registry",
      path: `${PATH}/predict`,
      summary: "Ask every model of a bundle the same; each answers or fails alone",
      request: {
        params: bundleParams,
        query: rowsQuerySchema,
        body: {
          ...body,
          content: { ...body.content, "text/csv": { schema: z.string() } },
        },
      },
      responses: {
        200: json(
          anyObject,
          "{results, meta}: a result per reference, in order, with its `outputs`, or the `results` of its rows.",
        ),
      },
      refusals: [400, 404, 409, 413, 415, 503],
    },
    (c) => answerPredict(c, deps),
  );
}

async function answerLoad(c: AppContext, deps: HttpDeps): Promise<Response> {
  const name = bundleNameOf(c);
  if (!name.ok) return refuseRegistry(c, name.failure);
  // Whoever loads by hand means what is in the bucket now.
  const read = await readBundle(deps.store, name.value);
  if (!read.ok) return refuseRegistry(c, bundleFailure(name.value, read.failure));
  const { value: bundle, etag } = read.value;
  deps.bundles.set(name.value, { bundle, etag, triedAtMs: deps.clock.now() });
  const lines = await loadBundle(deps.serve, flightContext(c, deps.clock), bundle);
  const loaded = lines.filter((line) => line.ok).length;
  const results = lines.map(resultOf);
  return c.json({ bundle: name.value, loaded, failed: lines.length - loaded, results });
}

function resultOf(line: BundleLoadLine) {
  const { reference, durationMs: duration_ms } = line;
  if (line.ok) {
    const { version, digest, memoryBytes: memory_bytes } = line;
    return { reference, ok: true, version, digest, memory_bytes, duration_ms };
  }
  const { code, detail } = refusalOf(line.failure);
  return { reference, ok: false, duration_ms, error: { code, detail } };
}
