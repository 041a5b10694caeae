import { indexRepository } from "../../core/lifecycle/list-repository.ts";
import { loadModel, unloadModel } from "../../core/lifecycle/load-model.ts";
import { isObject } from "../../core/model/is-object.ts";
import { parseReference } from "../../core/model/reference.ts";
import type { AppContext } from "../app-env.ts";
import { parseJson } from "../body/parse-json.ts";
import { readBody } from "../body/read-body.ts";
import type { HttpDeps } from "../deps.ts";
import { flightContext } from "../flight-context.ts";
import { refuse, refuseServe } from "../refuse.ts";
import type { ServingRoute } from "../serving-route.ts";

const PATH = "/v2/repository";
const MAX_CONTROL_BODY_BYTES = 64 * 1024;

/** Triton's model repository extension. Load and unload reach the isolate that answers, no other. */
export function repositoryRoutes(deps: HttpDeps): readonly ServingRoute[] {
  const control = { method: "post", scope: "admin", tag: "repository" } as const;
  return [
    {
      method: "post",
      path: `${PATH}/index`,
      scope: "read",
      tag: "repository",
      summary: "Every version in the bucket and its state in this isolate",
      body: { schema: "readyFilter", description: "Filter." },
      responses: { 200: { schema: "repositoryIndex", description: "The index." } },
      refusals: [400, 503],
      handler: (c) => answerIndex(c, deps),
    },
    {
      ...control,
      path: `${PATH}/models/{model}/load`,
      summary: "Check the model with the store now and load what it serves",
      responses: { 200: { schema: "empty", description: "Loaded." } },
      refusals: [400, 404, 503],
      handler: (c) => answerLoad(c, deps),
    },
    {
      ...control,
      path: `${PATH}/models/{model}/unload`,
      summary: "Let go of the model's sessions; the next request loads it again",
      responses: { 200: { schema: "empty", description: "Unloaded." } },
      refusals: [400],
      handler: (c) => answerUnload(c, deps),
    },
  ];
}

async function answerIndex(c: AppContext, { serve, store }: HttpDeps): Promise<Response> {
  const onlyReady = await readReadyFlag(c);
  if (typeof onlyReady !== "boolean") return onlyReady;
  const index = await indexRepository({ ...serve, store });
  if (!index.ok) return refuseServe(c, index.failure);
  return c.json(onlyReady ? index.value.filter(({ state }) => state === "READY") : index.value);
}

async function answerLoad(c: AppContext, { serve, clock }: HttpDeps): Promise<Response> {
  const reference = parseReference(c.req.param("model") ?? "");
  if (!reference.ok) return refuseServe(c, reference.failure);
  const outcome = await loadModel(serve, flightContext(c, clock), reference.value.model);
  return outcome.ok ? c.json({}) : refuseServe(c, outcome.failure);
}

function answerUnload(c: AppContext, { serve }: HttpDeps): Response {
  const reference = parseReference(c.req.param("model") ?? "");
  if (!reference.ok) return refuseServe(c, reference.failure);
  unloadModel(serve, reference.value.model);
  return c.json({});
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
