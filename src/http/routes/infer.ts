import type { FlightContext } from "../../core/cache/single-flight.ts";
import type { ServeFailure } from "../../core/model/failure.ts";
import { parseReference } from "../../core/model/reference.ts";
import type { Result } from "../../core/model/result.ts";
import type { TensorSpec } from "../../core/model/tensor.ts";
import { infer } from "../../core/predict/infer.ts";
import {
  type InferenceToRecord,
  recordInference,
} from "../../core/quality/records/record-inference.ts";
import type { AppContext } from "../app-env.ts";
import { readBody } from "../body/read-body.ts";
import { readJsonText } from "../body/read-json-text.ts";
import { cacheWishOf } from "../cache-wish.ts";
import type { HttpDeps } from "../deps.ts";
import { flightContext } from "../flight-context.ts";
import { inferenceEvent } from "../inference-event.ts";
import { createRespondInference, type RespondInference } from "../inference-response.ts";
import { KnownRequests } from "../oip/known-requests.ts";
import type { OipProblem } from "../oip/problem.ts";
import { readOipRequest } from "../oip/read-request.ts";
import { writeInference } from "../oip/write-inference.ts";
import { refusalOf } from "../refusals.ts";
import { type RefusedPrediction, refusePrediction } from "../refuse-prediction.ts";
import type { ServingRoute } from "../serving-route.ts";
import { stickinessOf } from "../stickiness.ts";

/** Inference by the Open Inference Protocol: JSON, Triton's binary extension and raw bodies. */
export function inferRoutes(deps: HttpDeps): readonly ServingRoute[] {
  const respond = createRespondInference();
  const known = new KnownRequests();
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
    handler: (c) => counted(deps, () => handle(c, deps, { respond, known })),
    setsRequestId: true,
  };
  return [
    { ...common, path: "/v2/models/{model}/infer" },
    { ...common, path: "/v2/models/{model}/versions/{version}/infer" },
  ];
}

/** What lives as long as the isolate. */
interface Lasting {
  readonly respond: RespondInference;
  readonly known: KnownRequests;
}

/** Counts a request among those in flight for as long as it is being answered, where that is asked for. */
function counted(
  { serve: { joining }, clock }: HttpDeps,
  answer: () => Promise<Response>,
): Promise<Response> {
  if (joining?.isWanted !== true) return answer();
  const entered = joining.inFlight.enter(clock.now());
  return answer().finally(() => joining.inFlight.leave(entered));
}

async function handle(
  c: AppContext,
  deps: HttpDeps,
  { respond, known }: Lasting,
): Promise<Response> {
  const startedMs = deps.clock.now();
  const reference = parseReference(c.req.param("model") ?? "", c.req.param("version"));
  if (!reference.ok) return refuseServed(c, deps, { startedMs }, reference.failure);
  const refused = { startedMs, reference: reference.value };
  const { serve } = deps;
  const { maxBodyBytes: maxBytes } = deps.settings;
  const headerLength = c.req.header("inference-header-content-length");
  const body = await (headerLength === undefined
    ? readJsonText(c.req.raw, maxBytes)
    : readBody(c.req.raw, { maxBytes }));
  if (!body.ok) {
    return refusePrediction(c, deps, refused, { ...body.failure, code: body.failure.reason });
  }
  const mayKnow =
    typeof body.value === "string" && serve.predictions?.keepsAnswersOf(reference.value.model);
  const request: ReturnType<KnownRequests["read"]> = mayKnow
    ? known.read(body.value)
    : readOipRequest(body.value, headerLength);
  if (!request.ok) return refuseRequest(c, deps, refused, request.failure);
  const { inputs, outputs, keySlot } = request.value;
  const context = flightContext(c, deps.clock);
  const readInputs =
    typeof inputs === "function"
      ? (specs: readonly TensorSpec[]) => asServe(inputs(specs))
      : inputs;
  const requestId = c.get("requestId");
  const stickiness = stickinessOf(c, deps);
  const inferred = infer(serve, context, {
    reference: reference.value,
    stickiness,
    cacheWish: () => cacheWishOf(c.req.header("cache-control")),
    inputs: readInputs,
    outputs: outputs.map(({ name }) => name),
    keySlot,
    requestId,
  });
  const answered = inferred instanceof Promise ? await inferred : inferred;
  if (!answered.ok) return refuseServed(c, deps, { ...refused, stickiness }, answered.failure);
  const ids = { requestId, predictionId: deps.newId() };
  const written = writeInference(deps, request.value, answered.value, ids);
  if (!written.ok) return refuseRequest(c, deps, { ...refused, stickiness }, written.failure);
  const durationMs = deps.clock.now() - startedMs;
  deps.events.emit(inferenceEvent(answered.value, { ...ids, durationMs }));
  const { model } = reference.value;
  const recorded = { id: ids.predictionId, model, inference: answered.value, inputs: readInputs };
  recordTensors(deps, context, recorded);
  return respond(answered.value, written.value, ids);
}

/** Made into a record after the answer, where the deployment wants it. */
export function recordTensors(
  { serve, records, clock, random }: HttpDeps,
  context: FlightContext,
  what: Omit<InferenceToRecord, "atMs" | "deployment" | "random">,
): void {
  if (records === undefined) return;
  const deployment = serve.catalog.get(what.model)?.deployment;
  if ((deployment?.record?.rate ?? 0) === 0) return;
  recordInference(records.recorder, context, { ...what, atMs: clock.now(), deployment, random });
}

type Refused = Omit<RefusedPrediction, "requestId">;

const refuseServed = (
  c: AppContext,
  deps: HttpDeps,
  refused: Refused,
  failure: ServeFailure,
): Response => refusePrediction(c, deps, { ...refused, failure }, refusalOf(failure));

const refuseRequest = (
  c: AppContext,
  deps: HttpDeps,
  refused: Refused,
  { reason, detail }: { readonly reason: string; readonly detail: string },
): Response => refusePrediction(c, deps, refused, { status: 400, code: reason, detail });

/** To the core a raw body that does not fit is an input that does not fit. */
const asServe = <T>(result: Result<T, OipProblem>) =>
  result.ok
    ? result
    : { ok: false as const, failure: { ...result.failure, reason: "invalid_input" as const } };
