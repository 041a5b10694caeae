import type { OpenAPIHono } from "@hono/zod-openapi";
import { parseReference } from "../../core/model/reference.ts";
import { ok, type Result } from "../../core/model/result.ts";
import { type Inference, infer } from "../../core/predict/infer.ts";
import { addRoute, type RouteDefinition } from "../add-route.ts";
import type { AppContext, AppEnv } from "../app-env.ts";
import { readBody } from "../body/read-body.ts";
import type { HttpDeps } from "../deps.ts";
import { flightContext } from "../flight-context.ts";
import { createRespondInference, type RespondInference } from "../inference-response.ts";
import { classify } from "../oip/classification.ts";
import type { OipProblem } from "../oip/problem.ts";
import { type OipRequest, readOipRequest } from "../oip/read-request.ts";
import { type OipResponse, writeOipResponse } from "../oip/write-response.ts";
import {
  inferRequestSchema,
  inferResponseSchema,
  json,
  modelParams,
  versionParams,
} from "../openapi/schemas.ts";
import { refuse, refuseServe } from "../refuse.ts";

const OCTETS = {
  "application/octet-stream": { schema: { type: "string", format: "binary" } },
} as const;

/** Inference by the Open Inference Protocol: JSON, Triton's binary extension and raw bodies. */
export function addInferRoutes(app: OpenAPIHono<AppEnv>, deps: HttpDeps): void {
  const { settings } = deps;
  const body = json(inferRequestSchema, "Tensors in; octets by the binary extension.");
  const answer = json(inferResponseSchema, "Tensors out, with what produced them.");
  const common: Omit<RouteDefinition, "path" | "request"> = {
    method: "post",
    scope: "infer",
    tag: "inference protocol",
    summary: "Run a model on tensors",
    responses: { 200: { ...answer, content: { ...answer.content, ...OCTETS } } },
    refusals: [400, 404, 413, 415, 503],
  };
  const request = { body: { ...body, content: { ...body.content, ...OCTETS } } };
  const respond = createRespondInference();
  const handler = (c: AppContext) => handle(c, deps, respond);
  const bare = { ...common, path: "/v2/models/{model}/infer" };
  addRoute(app, settings, { ...bare, request: { ...request, params: modelParams } }, handler);
  const versioned = { ...common, path: "/v2/models/{model}/versions/{version}/infer" };
  addRoute(
    app,
    settings,
    { ...versioned, request: { ...request, params: versionParams } },
    handler,
  );
}

async function handle(c: AppContext, deps: HttpDeps, respond: RespondInference): Promise<Response> {
  const startedMs = deps.clock.now();
  const reference = parseReference(c.req.param("model") ?? "", c.req.param("version"));
  if (!reference.ok) return refuseServe(c, reference.failure);
  const body = await readBody(c.req.raw, { maxBytes: deps.settings.maxBodyBytes });
  if (!body.ok) return refuse(c, { ...body.failure, code: body.failure.reason });
  const request = readOipRequest(body.value, c.req.header("inference-header-content-length"));
  if (!request.ok) return refuseRequest(c, request.failure);
  const { inputs, outputs } = request.value;
  const answered = await infer(deps.serve, flightContext(c, deps.clock), {
    reference: reference.value,
    stickiness: {
      routingKey: c.req.header("x-freshet-routing-key"),
      route: c.req.header("x-freshet-route"),
      random: deps.random,
    },
    inputs: typeof inputs === "function" ? (specs) => asServe(inputs(specs)) : inputs,
    outputs: outputs.map(({ name }) => name),
  });
  if (!answered.ok) return refuseServe(c, answered.failure);
  const response = responseOf(request.value, answered.value);
  if (!response.ok) return refuseRequest(c, response.failure);
  const ids = { requestId: c.get("requestId"), predictionId: deps.newId() };
  report(deps, answered.value, ids.requestId, startedMs);
  const parameters = {
    ...response.value.parameters,
    prediction_id: ids.predictionId,
    request_id: ids.requestId,
  };
  return respond(answered.value, writeOipResponse({ ...response.value, parameters }), ids);
}

function report(deps: HttpDeps, inference: Inference, requestId: string, startedMs: number): void {
  const { loaded, modelCache, strategy } = inference;
  deps.events.emit({
    kind: "inference",
    requestId,
    model: loaded.model,
    version: loaded.version,
    digest: loaded.digest,
    strategy,
    modelCache,
    durationMs: deps.clock.now() - startedMs,
  });
}

/** Puts the outputs in the form that the caller asked for. */
function responseOf(
  request: OipRequest,
  { loaded, outputs, route, strategy, modelCache }: Inference,
): Result<OipResponse, OipProblem> {
  const written: OipResponse["outputs"][number][] = [];
  for (const [index, tensor] of outputs.entries()) {
    const wanted = request.outputs[index];
    const binary = wanted?.binary ?? request.binaryOutput;
    const k = wanted?.classification;
    const shaped = k === undefined ? ok(tensor) : classify(tensor, k, loaded.manifest.classes);
    if (!shaped.ok) return shaped;
    written.push({ tensor: shaped.value, binary });
  }
  const { model, version, digest } = loaded;
  const parameters = { digest, strategy, route, cache: modelCache };
  return ok({ model, version, id: request.id, parameters, outputs: written });
}

const refuseRequest = (
  c: AppContext,
  { reason, detail }: { readonly reason: string; readonly detail: string },
): Response => refuse(c, { status: 400, code: reason, detail });

/** To the core a raw body that does not fit is an input that does not fit. */
const asServe = <T>(result: Result<T, OipProblem>) =>
  result.ok
    ? result
    : { ok: false as const, failure: { ...result.failure, reason: "invalid_input" as const } };
