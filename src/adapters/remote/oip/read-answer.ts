import { isObject } from "../../../core/model/is-object.ts";
import { readJsonTensor } from "../../../core/model/json-tensor.ts";
import { ok, type Result } from "../../../core/model/result.ts";
import { elementCount, type Tensor, type TensorSpec } from "../../../core/model/tensor.ts";
import type { RemoteAnswer } from "../../../core/ports/remote-models.ts";
import { type BadAnswer, badAnswer } from "../bad-answer.ts";
import { nameOr } from "../exchange.ts";
import { type JsonFor, parseJson } from "../json.ts";

/** Reads an inference answer; the wanted outputs must be in it, of the wanted datatypes. Others are left out. */
export function readAnswer(
  text: string,
  wanted: readonly TensorSpec[],
): Result<RemoteAnswer, BadAnswer> {
  const json = parseJson(text);
  const plain = json?.("BYTES");
  if (json === undefined || !isObject(plain) || !Array.isArray(plain.outputs)) {
    return badAnswer("the answer is no JSON object with outputs");
  }
  const tensors: Tensor[] = [];
  for (const spec of wanted) {
    const tensor = readOutput(outputsOf(json, spec), spec, text.length);
    if (!tensor.ok) return tensor;
    tensors.push(tensor.value);
  }
  return ok({
    outputs: tensors,
    model: nameOr(plain.model_name, "unknown"),
    version: nameOr(plain.model_version, "unknown"),
  });
}

function outputsOf(json: JsonFor, { datatype }: TensorSpec): readonly unknown[] {
  const root = json(datatype);
  return isObject(root) && Array.isArray(root.outputs) ? root.outputs : [];
}

function readOutput(
  outputs: readonly unknown[],
  { name, datatype }: TensorSpec,
  textLength: number,
): Result<Tensor, BadAnswer> {
  const named = outputs.filter((output) => isObject(output) && output.name === name);
  const [output] = named;
  if (!isObject(output)) return badAnswer(`it has no output '${name}'`);
  if (named.length > 1) return badAnswer(`it has output '${name}' more than once`);
  if (output.datatype !== datatype) return badAnswer(`output '${name}' is not of ${datatype}`);
  const { shape, data } = output;
  const count = Array.isArray(shape) ? elementCount(shape) : undefined;
  if (!Array.isArray(shape) || count === undefined) {
    return badAnswer(`output '${name}' has no shape of whole numbers`);
  }
  // An element takes a character at least: nothing is allocated for what cannot be there.
  if (count > textLength) return badAnswer(`output '${name}' has a shape of too many elements`);
  const tensor = readJsonTensor({ name, datatype, shape, count, path: `output '${name}'` }, data);
  return tensor.ok ? tensor : badAnswer(tensor.failure.detail);
}
