import type { BundleAnswer } from "../../core/lifecycle/bundle/predict-bundle.ts";
import { ok, type Result } from "../../core/model/result.ts";
import type { Tensor } from "../../core/model/tensor.ts";
import { writeJsonTensors } from "../../core/model/write-json-data.ts";
import type { Inference } from "../../core/predict/infer.ts";
import { classify } from "../oip/classification.ts";
import type { OipProblem } from "../oip/problem.ts";
import type { RequestedOutput } from "../oip/read-outputs.ts";
import { refusalOf } from "../refusals.ts";

export interface BundleMeta {
  readonly bundle: string;
  readonly request_id: string;
}

/**
 * Writes the answers of a bundle as JSON text, in their order. By hand, as the protocol's answers
 * are: `JSON.stringify` knows neither 64-bit integers nor NaN.
 * @param idOf gives an answer that goes out its id
 */
export function writeBundleAnswers(
  answers: readonly BundleAnswer[],
  wanted: readonly RequestedOutput[],
  idOf: (answered: Inference, reference: string) => string,
  meta: BundleMeta,
): string {
  const results = answers.map(({ reference, answer }) => {
    if (!answer.ok) {
      const { code, detail } = refusalOf(answer.failure);
      return failed(reference, code, detail);
    }
    const outputs = shapeOutputs(answer.value, wanted);
    if (!outputs.ok) return failed(reference, outputs.failure.reason, outputs.failure.detail);
    return answered(reference, answer.value, outputs.value, idOf(answer.value, reference));
  });
  return `{"results":[${results.join(",")}],"meta":${JSON.stringify(meta)}}`;
}

const failed = (reference: string, code: string, detail: string): string =>
  JSON.stringify({ reference, ok: false, error: { code, detail } });

function answered(
  reference: string,
  { loaded, route, strategy, modelCache, cached }: Inference,
  outputs: readonly Tensor[],
  predictionId: string,
): string {
  const { model, version, digest } = loaded;
  const tier = cached?.tier ?? "none";
  const facts = {
    reference,
    ok: true,
    model,
    version,
    digest,
    strategy,
    route,
    cache: tier === "none" ? modelCache : tier,
    prediction_id: predictionId,
  };
  return `${JSON.stringify(facts).slice(0, -1)},"outputs":[${writeJsonTensors(outputs)}]}`;
}

function shapeOutputs(
  { outputs, loaded }: Inference,
  wanted: readonly RequestedOutput[],
): Result<readonly Tensor[], OipProblem> {
  const shaped: Tensor[] = [];
  for (const [index, tensor] of outputs.entries()) {
    const k = wanted[index]?.classification;
    const one = k === undefined ? ok(tensor) : classify(tensor, k, loaded.manifest.classes);
    if (!one.ok) return one;
    shaped.push(one.value);
  }
  return ok(shaped);
}
