import type { OpenAPIHono } from "@hono/zod-openapi";
import { findBundle } from "../../core/lifecycle/bundle/find-bundle.ts";
import { type BundleLoadLine, loadBundle } from "../../core/lifecycle/bundle/load-bundle.ts";
import { predictBundle } from "../../core/lifecycle/bundle/predict-bundle.ts";
import { bundleFailure, readBundle } from "../../core/lifecycle/bundle/read-bundle.ts";
import { fail, ok, type Result } from "../../core/model/result.ts";
import { addRoute } from "../add-route.ts";
import type { AppContext, AppEnv } from "../app-env.ts";
import { readJsonText } from "../body/read-json-text.ts";
import { bundleNameOf, bundleParams } from "../bundle/bundle-name.ts";
import { writeBundleAnswers } from "../bundle/write-answers.ts";
import { cacheWishOf } from "../cache-wish.ts";
import type { HttpDeps } from "../deps.ts";
import { flightContext } from "../flight-context.ts";
import { inferenceEvent } from "../inference-event.ts";
import { problem } from "../oip/problem.ts";
import { type OipRequest, readOipRequest } from "../oip/read-request.ts";
import { json, SCHEMAS } from "../openapi/schemas.ts";
import type { Refusal } from "../problem.ts";
import { refusalOf } from "../refusals.ts";
import { refuse, refuseRegistry } from "../refuse.ts";
import { anyObject } from "../registry/schemas.ts";

const PATH = "/v1/bundles/{bundle}";

/** What is done with all models of a bundle at once: load them, ask them. */
export function addBundleRunRoutes(app: OpenAPIHono<AppEnv>, deps: HttpDeps): void {
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
        body: json(SCHEMAS.inferRequest, "Tensors, as for one model; all JSON."),
      },
      responses: { 200: json(anyObject, "{results, meta}: a result per reference, in order.") },
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

async function answerPredict(c: AppContext, deps: HttpDeps): Promise<Response> {
  const name = bundleNameOf(c);
  if (!name.ok) return refuseRegistry(c, name.failure);
  const request = await readRequest(c, deps);
  if (!request.ok) return refuse(c, request.failure);
  const context = flightContext(c, deps.clock);
  const bundle = await findBundle(deps, context, name.value);
  if (!bundle.ok) return refuseRegistry(c, bundle.failure);
  const { inputs, outputs } = request.value;
  const answers = await predictBundle(deps.serve, context, bundle.value, {
    inputs,
    outputs: outputs.map((output) => output.name),
    cacheWish: () => cacheWishOf(c.req.header("cache-control")),
    stickiness: () => ({
      routingKey: c.req.header("x-freshet-routing-key"),
      random: deps.random,
    }),
  });
  const requestId = c.get("requestId");
  for (const { answer } of answers) {
    if (!answer.ok) continue;
    const durationMs = answer.value.acquireMs + answer.value.runMs;
    deps.events.emit(inferenceEvent(answer.value, { requestId, durationMs }));
  }
  const meta = { bundle: name.value, request_id: requestId };
  const body = writeBundleAnswers(answers, outputs, deps.newId, meta);
  return c.body(body, 200, { "content-type": "application/json" });
}

type BundleRequest = Pick<OipRequest, "outputs"> & {
  readonly inputs: Exclude<OipRequest["inputs"], (...given: never[]) => unknown>;
};

async function readRequest(
  c: AppContext,
  { settings }: HttpDeps,
): Promise<Result<BundleRequest, Refusal & { readonly reason: string }>> {
  const body = await readJsonText(c.req.raw, settings.maxBodyBytes);
  if (!body.ok) return fail({ ...body.failure, code: body.failure.reason });
  const read = readOipRequest(body.value, undefined);
  const checked = read.ok ? allJson(read.value) : read;
  if (checked.ok) return checked;
  const { reason, detail } = checked.failure;
  return fail({ reason, status: 400, code: reason, detail });
}

function allJson({ inputs, outputs, binaryOutput }: OipRequest) {
  if (
    typeof inputs === "function" ||
    binaryOutput ||
    outputs.some(({ binary }) => binary === true)
  ) {
    return problem("a bundle is asked and answers in JSON: leave out binary tensors");
  }
  return ok({ inputs, outputs });
}
