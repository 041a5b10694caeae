import { isObject } from "../../core/model/is-object.ts";
import { ok, type Result } from "../../core/model/result.ts";
import type { Bytes, Tensor, TensorSpec } from "../../core/model/tensor.ts";
import type { JsonFailure } from "../body/parse-json.ts";
import { parseJson } from "../body/parse-json.ts";
import { type OipProblem, problem } from "./problem.ts";
import { readInputs } from "./read-inputs.ts";
import { type RequestedOutput, readOutputs } from "./read-outputs.ts";
import { readRawTensor } from "./read-raw.ts";

/** An inference request as the protocol writes it, made into tensors. */
export interface OipRequest {
  readonly id: string | undefined;
  /** Tensors; for a raw request, how to make them once the model's inputs are known. */
  readonly inputs:
    | readonly Tensor[]
    | ((specs: readonly TensorSpec[]) => Result<readonly Tensor[], OipProblem>);
  readonly outputs: readonly RequestedOutput[];
  /** `parameters.binary_data_output`: what holds for outputs that say nothing themselves. */
  readonly binaryOutput: boolean;
}

export const MAX_JSON_DEPTH = 100;
const HEADER = "Inference-Header-Content-Length";

/**
 * Reads a request of the Open Inference Protocol: all JSON, or JSON followed by
 * binary tensors, or (header `0`) one raw tensor.
 * Source: Open Inference Protocol, "Inference"; Triton, "Binary tensor data extension".
 * @param body text only when there is no binary part
 * @param headerLength `Inference-Header-Content-Length`, when it was sent
 */
export function readOipRequest(
  body: Bytes | string,
  headerLength: string | undefined,
): Result<OipRequest, OipProblem | JsonFailure> {
  if (headerLength === undefined || typeof body === "string") return readParts(body, undefined);
  const length = /^\d{1,15}$/.test(headerLength) ? Number(headerLength) : -1;
  if (length < 0) return problem(`${HEADER} must be a whole number from 0`);
  if (length > body.byteLength) {
    return problem(`${HEADER} is ${length}, the body has ${body.byteLength} bytes`);
  }
  if (length === 0) {
    const inputs = (specs: readonly TensorSpec[]) => readRawTensor(specs, body);
    return ok({ id: undefined, inputs, outputs: [], binaryOutput: false });
  }
  return readParts(body.subarray(0, length), body.subarray(length));
}

function readParts(
  json: Bytes | string,
  binary: Bytes | undefined,
): Result<OipRequest, OipProblem | JsonFailure> {
  const parsed = parseJson(json, { maxDepth: MAX_JSON_DEPTH });
  return parsed.ok ? readParsedRequest(parsed.value, json.length, binary) : parsed;
}

/**
 * Reads a request whose JSON was parsed already.
 * @param length of its text, in bytes or characters: what its tensors may come to
 */
export function readParsedRequest(
  request: unknown,
  length: number,
  binary?: Bytes,
): Result<OipRequest, OipProblem> {
  if (!isObject(request)) return problem("the body must be an object with 'inputs'");
  const { id, parameters = {} } = request;
  if (id !== undefined && typeof id !== "string") return problem("id must be a string");
  if (!isObject(parameters)) return problem("parameters must be an object");
  const binaryOutput = parameters.binary_data_output ?? false;
  if (typeof binaryOutput !== "boolean") {
    return problem("parameters.binary_data_output must be true or false");
  }
  const outputs = readOutputs(request.outputs);
  if (!outputs.ok) return outputs;
  const inputs = readInputs(request.inputs, length, binary);
  if (!inputs.ok) return inputs;
  return ok({ id, inputs: inputs.value, outputs: outputs.value, binaryOutput });
}
