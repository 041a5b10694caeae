import type { OpenAPIHono } from "@hono/zod-openapi";
import { z } from "@hono/zod-openapi";
import { indexRepository } from "../../core/lifecycle/list-repository.ts";
import { loadModel, unloadModel } from "../../core/lifecycle/load-model.ts";
import { isModelName, parseReference } from "../../core/model/reference.ts";
import { addRoute } from "../add-route.ts";
import type { AppContext, AppEnv } from "../app-env.ts";
import { parseJson } from "../body/parse-json.ts";
import { readBody } from "../body/read-body.ts";
import type { HttpDeps } from "../deps.ts";
import { flightContext } from "../flight-context.ts";
import { json, modelParams, repositoryIndexSchema } from "../openapi/schemas.ts";
import { refuse, refuseServe } from "../refuse.ts";

const PATH = "/v2/repository";
const MAX_CONTROL_BODY_BYTES = 64 * 1024;

/** Triton's model repository extension. Load and unload reach the isolate that answers, no other. */
export function addRepositoryRoutes(app: OpenAPIHono<AppEnv>, deps: HttpDeps): void {
  const { settings, serve } = deps;
  addRoute(
    app,
    settings,
    {
      method: "post",
      path: `${PATH}/index`,
      scope: "read",
      tag: "repository",
      summary: "Every version in the bucket and its state in this isolate",
      request: { body: json(z.object({ ready: z.boolean().optional() }), "Filter.") },
      responses: { 200: json(repositoryIndexSchema, "The index.") },
      refusals: [400, 503],
    },
    async (c) => {
      const onlyReady = await readReadyFlag(c);
      if (typeof onlyReady !== "boolean") return onlyReady;
      const index = await indexRepository({ ...serve, store: deps.store });
      if (!index.ok) return refuseServe(c, index.failure);
      return c.json(onlyReady ? index.value.filter(({ state }) => state === "READY") : index.value);
    },
  );
  const control = {
    method: "post",
    scope: "admin",
    tag: "repository",
    request: { params: modelParams },
  } as const;
  addRoute(
    app,
    settings,
    {
      ...control,
      path: `${PATH}/models/{model}/load`,
      summary: "Check the model with the store now and load what it serves",
      responses: { 200: json(z.object({}), "Loaded.") },
      refusals: [400, 404, 503],
    },
    async (c) => {
      const reference = parseReference(c.req.param("model") ?? "");
      if (!reference.ok) return refuseServe(c, reference.failure);
      const outcome = await loadModel(serve, flightContext(c, deps.clock), reference.value.model);
      return outcome.ok ? c.json({}) : refuseServe(c, outcome.failure);
    },
  );
  addRoute(
    app,
    settings,
    {
      ...control,
      path: `${PATH}/models/{model}/unload`,
      summary: "Let go of the model's sessions; the next request loads it again",
      responses: { 200: json(z.object({}), "Unloaded.") },
      refusals: [400],
    },
    (c) => {
      const model = c.req.param("model") ?? "";
      if (!isModelName(model)) {
        return refuse(c, {
          status: 400,
          code: "bad_reference",
          detail: "that is not a model name",
        });
      }
      unloadModel(serve, model);
      return c.json({});
    },
  );
}

/** The body is optional; `{"ready": true}` keeps only what is loaded. */
async function readReadyFlag(c: AppContext): Promise<boolean | Response> {
  const body = await readBody(c.req.raw, { maxBytes: MAX_CONTROL_BODY_BYTES });
  if (!body.ok) return refuse(c, { ...body.failure, code: body.failure.reason });
  if (body.value.byteLength === 0) return false;
  const parsed = parseJson(body.value, { maxDepth: 100 });
  if (!parsed.ok)
    return refuse(c, { status: 400, code: parsed.failure.reason, detail: parsed.failure.detail });
  const ready = isObject(parsed.value) ? parsed.value.ready : null;
  if (ready === undefined || typeof ready === "boolean") return ready === true;
  return refuse(c, {
    status: 400,
    code: "invalid_request",
    detail: "the body must be an object; 'ready' must be true or false",
  });
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
