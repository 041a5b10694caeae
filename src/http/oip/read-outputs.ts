import { isObject } from "../../core/model/is-object.ts";
import { ok, type Result } from "../../core/model/result.ts";
import { type OipProblem, problem, quoted } from "./problem.ts";

/** An output that the caller names, and how it wants it. */
export interface RequestedOutput {
  readonly name: string;
  /** Classes to answer with instead of the tensor. */
  readonly classification: number | undefined;
  /** As bytes; left out: as the request says for all. */
  readonly binary: boolean | undefined;
}

/** Reads `outputs`: left out or empty means all. */
export function readOutputs(given: unknown): Result<readonly RequestedOutput[], OipProblem> {
  if (given === undefined) return ok([]);
  if (!Array.isArray(given)) return problem("outputs must be an array");
  const outputs: RequestedOutput[] = [];
  const names = new Set<string>();
  for (const [index, item] of given.entries()) {
    const output = readOutput(item, `outputs[${index}]`);
    if (!output.ok) return output;
    const { name } = output.value;
    if (names.has(name))
      return problem(`outputs[${index}].name ${quoted(name)} is asked for twice`);
    names.add(name);
    outputs.push(output.value);
  }
  return ok(outputs);
}

function readOutput(item: unknown, path: string): Result<RequestedOutput, OipProblem> {
  if (!isObject(item)) return problem(`${path} must be an object with 'name'`);
  const { name, parameters = {} } = item;
  if (typeof name !== "string" || name === "") return problem(`${path}.name must be a string`);
  if (!isObject(parameters)) return problem(`${path}.parameters must be an object`);
  const { classification, binary_data: binary, shared_memory_region: shared } = parameters;
  if (shared !== undefined) return problem(`${path}: shared memory is not supported`);
  if (binary !== undefined && typeof binary !== "boolean") {
    return problem(`${path}.parameters.binary_data must be true or false`);
  }
  if (classification !== undefined && !isCount(classification)) {
    return problem(`${path}.parameters.classification must be a whole number from 1`);
  }
  return ok({ name, classification, binary });
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 1;
