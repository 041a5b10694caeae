import { parseReference } from "../../core/model/reference.ts";
import { ok, type Result } from "../../core/model/result.ts";
import { infer } from "../../core/predict/infer.ts";
import type { Inference } from "../../core/predict/inference.ts";
import type { AskStickiness } from "../../core/routing/resolve.ts";
import type { AppContext } from "../app-env.ts";
import { readBody } from "../body/read-body.ts";
import { readJsonText } from "../body/read-json-text.ts";
import { cacheWishOf } from "../cache-wish.ts";
import type { HttpDeps } from "../deps.ts";
import { flightContext } from "../flight-context.ts";
import {
  type AnswerIds,
  createRespondInference,
  type RespondInference,
} from "../inference-response.ts";
import { classify } from "../oip/classification.ts";
import type { OipProblem } from "../oip/problem.ts";
import { type OipRequest, readOipRequest } from "../oip/read-request.ts";
import {
  type OipResponse,
  type WrittenResponse,
  wrapJsonOutputs,
  writeJsonOutputs,
  writeOipResponse,
} from "../oip/write-response.ts";
import { refuse, refuseServe } from "../refuse.ts";
import type { ServingRoute } from "../serving-route.ts";

/** Inference by the Open Inference Protocol: JSON, Triton's binary extension and raw bodies. */
export function inferRoutes(deps: HttpDeps): readonly ServingRoute[] {
  const respond = createRespondInference();
  const common: Omit<ServingRoute, "path"> = {
    method: "post",
    scope: "infer",
    tag: "inference protocol",
    summary: "Run a model on tensors",
    body: {
      schema: "inferRequest",
      description: "Tensors in; octets by the binary extension.",
      octets: true,
    },
    responses: {
      200: {
        schema: "inferResponse",
        description: "Tensors out, with what produced them.",
        octets: true,
      },
    },
    refusals: [400, 404, 413, 415, 503],
    handler: (c) => handle(c, deps, respond),
    setsRequestId: true,
  };
  return [
    { ...common, path: "/v2/models/{model}/infer" },
    { ...common, path: "/v2/models/{model}/versions/{version}/infer" },
  ];
}

async function handle(c: AppContext, deps: HttpDeps, respond: RespondInference): Promise<Response> {
  const startedMs = deps.clock.now();
  const reference = parseReference(c.req.param("model") ?? "", c.req.param("version"));
  if (!reference.ok) return refuseServe(c, reference.failure);
  const { maxBodyBytes: maxBytes } = deps.settings;
  const headerLength = c.req.header("inference-header-content-length");
  const body = await (headerLength === undefined
    ? readJsonText(c.req.raw, maxBytes)
    : readBody(c.req.raw, { maxBytes }));
  if (!body.ok) return refuse(c, { ...body.failure, code: body.failure.reason });
  const request = readOipRequest(body.value, headerLength);
  if (!request.ok) return refuseRequest(c, request.failure);
  const { inputs, outputs } = request.value;
  const answered = await infer(deps.serve, flightContext(c, deps.clock), {
    reference: reference.value,
    stickiness: stickinessOf(c, deps),
    cacheWish: () => cacheWishOf(c.req.header("cache-control")),
    inputs: typeof inputs === "function" ? (specs) => asServe(inputs(specs)) : inputs,
    outputs: outputs.map(({ name }) => name),
  });
  if (!answered.ok) return refuseServe(c, answered.failure);
  const ids = { requestId: c.get("requestId"), predictionId: deps.newId() };
  const written = write(deps, request.value, answered.value, ids);
  if (!written.ok) return refuseRequest(c, written.failure);
  report(deps, answered.value, ids.requestId, startedMs);
  return respond(answered.value, written.value, ids);
}

const stickinessOf =
  (c: AppContext, { random }: HttpDeps): AskStickiness =>
  () => ({
    routingKey: c.req.header("x-freshet-routing-key"),
    route: c.req.header("x-freshet-route"),
    random,
  });

function report(deps: HttpDeps, inference: Inference, requestId: string, startedMs: number): void {
  const { loaded, route, modelCache, strategy, cached } = inference;
  deps.events.emit({
    kind: "inference",
    requestId,
    model: loaded.model,
    version: loaded.version,
    digest: loaded.digest,
    strategy,
    route,
    tier: cached?.tier ?? "none",
    ...(cached === undefined || cached.tier === "none" ? {} : { ageMs: cached.ageMs }),
    modelCache,
    durationMs: deps.clock.now() - startedMs,
  });
}

/** Writes an answer in the form that the caller asked for. */
function write(
  deps: HttpDeps,
  request: OipRequest,
  inference: Inference,
  { predictionId, requestId }: AnswerIds,
): Result<WrittenResponse, OipProblem> {
  const { loaded, route, strategy, modelCache, cached } = inference;
  const { model, version, digest } = loaded;
  const tier = cached?.tier ?? "none";
  const parameters = {
    digest,
    strategy,
    route,
    cache: tier === "none" ? modelCache : tier,
    prediction_id: predictionId,
    request_id: requestId,
  };
  const head = { model, version, id: request.id, parameters };
  const writtenOutputs = isAllJson(request) ? keptOutputs(deps, cached) : undefined;
  if (writtenOutputs !== undefined) {
    return ok(wrapJsonOutputs({ ...head, outputs: writtenOutputs }));
  }
  const outputs = shapeOutputs(request, inference);
  return outputs.ok ? ok(writeOipResponse({ ...head, outputs: outputs.value })) : outputs;
}

/** What a kept answer's outputs are in JSON: written for its first hit, kept for the others. */
function keptOutputs({ serve }: HttpDeps, cached: Inference["cached"]): string | undefined {
  if (cached === undefined || cached.tier === "none") return undefined;
  const { prediction, key } = cached;
  if (prediction.written !== undefined) return prediction.written;
  const written = writeJsonOutputs(prediction.outputs);
  serve.predictions?.keepWritten(key, prediction, written);
  return written;
}

const isAllJson = ({ outputs, binaryOutput }: OipRequest): boolean =>
  outputs.length === 0
    ? !binaryOutput
    : outputs.every((output) => {
        return output.classification === undefined && !(output.binary ?? binaryOutput);
      });

/** Puts the outputs in the form that each was asked for. */
function shapeOutputs(
  request: OipRequest,
  { loaded, outputs }: Inference,
): Result<OipResponse["outputs"], OipProblem> {
  const written: OipResponse["outputs"][number][] = [];
  for (const [index, tensor] of outputs.entries()) {
    const wanted = request.outputs[index];
    const binary = wanted?.binary ?? request.binaryOutput;
    const k = wanted?.classification;
    const shaped = k === undefined ? ok(tensor) : classify(tensor, k, loaded.manifest.classes);
    if (!shaped.ok) return shaped;
    written.push({ tensor: shaped.value, binary });
  }
  return ok(written);
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
