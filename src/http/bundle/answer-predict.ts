import { findBundle } from "../../core/lifecycle/bundle/find-bundle.ts";
import { referencesOf } from "../../core/lifecycle/bundle/named-versions.ts";
import { predictBundle } from "../../core/lifecycle/bundle/predict-bundle.ts";
import type { RegistryFailure } from "../../core/lifecycle/registry-failure.ts";
import type { Inference } from "../../core/predict/inference.ts";
import type { AppContext } from "../app-env.ts";
import { cacheWishOf } from "../cache-wish.ts";
import type { HttpDeps } from "../deps.ts";
import { flightContext } from "../flight-context.ts";
import { inferenceEvent } from "../inference-event.ts";
import type { Refusal } from "../problem.ts";
import { refusalOf, registryRefusalOf } from "../refusals.ts";
import { refusePrediction } from "../refuse-prediction.ts";
import { recordTensors } from "../routes/infer.ts";
import { answerBundleRows } from "./answer-rows.ts";
import { type BundleAsking, stickinessOf, tellMemberRefused } from "./asking.ts";
import { bundleNameOf } from "./bundle-name.ts";
import { type BundleTensors, readBundleBody } from "./read-bundle-body.ts";
import { writeBundleAnswers } from "./write-answers.ts";

/** Asks every model of a bundle the same, tensors or rows: each answers or fails alone. */
export async function answerPredict(c: AppContext, deps: HttpDeps): Promise<Response> {
  const startedMs = deps.clock.now();
  const refuse = (refusal: Refusal, failure?: RegistryFailure) =>
    refusePrediction(c, deps, { startedMs, failure }, refusal);
  const name = bundleNameOf(c);
  if (!name.ok) return refuse(registryRefusalOf(name.failure), name.failure);
  const body = await readBundleBody(c, deps.settings);
  if (!body.ok) return refuse(body.failure);
  const context = flightContext(c, deps.clock);
  const bundle = await findBundle(deps, context, name.value);
  if (!bundle.ok) return refuse(registryRefusalOf(bundle.failure), bundle.failure);
  const meta = { bundle: name.value, request_id: c.get("requestId") };
  const asking = { c, deps, context, bundle: bundle.value, meta, startedMs };
  return body.value.kind === "tensors"
    ? answerTensors(asking, body.value)
    : answerBundleRows(asking, body.value);
}

async function answerTensors(
  asking: BundleAsking,
  { inputs, outputs }: BundleTensors,
): Promise<Response> {
  const { c, deps, context, bundle, meta, startedMs } = asking;
  const answers = await predictBundle(deps.serve, context, bundle, {
    inputs,
    outputs: outputs.map((output) => output.name),
    cacheWish: () => cacheWishOf(c.req.header("cache-control")),
    stickiness: stickinessOf({ c, deps }),
  });
  const ids = new Map<Inference, string>();
  const idOf = (inference: Inference, word: string) => {
    const id = deps.newId();
    ids.set(inference, id);
    const [named] = referencesOf({ references: [word] });
    const model = named?.model ?? inference.loaded.model;
    recordTensors(deps, context, { id, model, inference, inputs });
    return id;
  };
  const body = writeBundleAnswers(answers, outputs, idOf, meta);
  for (const { reference, answer } of answers) {
    if (answer.ok) {
      const durationMs = answer.value.acquireMs + answer.value.runMs;
      const about = { requestId: meta.request_id, predictionId: ids.get(answer.value), durationMs };
      deps.events.emit(inferenceEvent(answer.value, about));
    } else {
      const { failure } = answer;
      tellMemberRefused(asking, { reference, startedMs, failure }, refusalOf(failure));
    }
  }
  return c.body(body, 200, { "content-type": "application/json" });
}
