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
  ids: AnswerIds,
): Result<WrittenResponse, OipProblem> {
  const { loaded, cached } = inference;
  const { model, version } = loaded;
  const parameters = writeParameters(inference, ids);
  const head = { model, version, id: request.id, parameters };
  const writtenOutputs = isAllJson(request) ? keptOutputs(deps, cached) : undefined;
  if (writtenOutputs !== undefined) {
    return ok(wrapJsonOutputs({ ...head, outputs: writtenOutputs }));
  }
  const outputs = shapeOutputs(request, inference);
  return outputs.ok ? ok(writeOipResponse({ ...head, outputs: outputs.value })) : outputs;
}

/** The caller's own text is the request's id alone: nothing else has a character to escape. */
function writeParameters(
  { loaded: { digest }, route, strategy, modelCache, cached, job }: Inference,
  { predictionId, requestId }: AnswerIds,
): string {
  const tier = cached?.tier ?? "none";
  const of = digest === "" ? "" : `"digest":"${digest}",`;
  const by = `"strategy":"${strategy}","route":"${route}","cache":"${tier === "none" ? modelCache : tier}"`;
  const ids = `"prediction_id":"${predictionId}","request_id":${JSON.stringify(requestId)}`;
  return `{${of}${by},${ids}${job === undefined ? "" : `,"job":"${job}"`}}`;
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
