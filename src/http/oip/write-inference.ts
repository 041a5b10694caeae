import { ok, type Result } from "../../core/model/result.ts";
import { writeJsonTensors } from "../../core/model/write-json-data.ts";
import type { Inference } from "../../core/predict/inference.ts";
import type { HttpDeps } from "../deps.ts";
import type { AnswerIds } from "../inference-response.ts";
import { classify } from "./classification.ts";
import type { OipProblem } from "./problem.ts";
import type { OipRequest } from "./read-request.ts";
import {
  type OipResponse,
  type WrittenResponse,
  wrapJsonOutputs,
  writeOipResponse,
} from "./write-response.ts";

/** Writes an answer in the form that the caller asked for. */
export function writeInference(
  deps: HttpDeps,
  request: OipRequest,
  inference: Inference,
  { predictionId, requestId }: AnswerIds,
): Result<WrittenResponse, OipProblem> {
  const { loaded, route, strategy, modelCache, cached, job } = inference;
  const { model, version, digest } = loaded;
  const tier = cached?.tier ?? "none";
  const parameters = {
    ...(digest === "" ? {} : { digest }),
    strategy,
    route,
    cache: tier === "none" ? modelCache : tier,
    prediction_id: predictionId,
    request_id: requestId,
    ...(job === undefined ? {} : { job }),
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
  const written = writeJsonTensors(prediction.outputs);
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
