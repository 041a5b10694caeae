import type { ServeFailure } from "../model/failure.ts";
import { fail, ok, type Result } from "../model/result.ts";
import type { Tensor, TensorSpec } from "../model/tensor.ts";

/**
 * Checks a request's tensors against what the model takes: each input once, no
 * other, the same datatype, rank and fixed dimensions. Answers them in the model's order.
 */
export function checkInputs(
  specs: readonly TensorSpec[],
  inputs: readonly Tensor[],
): Result<readonly Tensor[], ServeFailure> {
  const only = inputs[0];
  if (specs.length === 1 && inputs.length === 1 && only !== undefined) {
    // The common model has one input: no map is built for it.
    return checkAll(specs, (name) => (name === only.name ? only : undefined), inputs);
  }
  const byName = new Map(inputs.map((tensor) => [tensor.name, tensor]));
  return checkAll(specs, (name) => byName.get(name), inputs);
}

function checkAll(
  specs: readonly TensorSpec[],
  find: (name: string) => Tensor | undefined,
  inputs: readonly Tensor[],
): Result<readonly Tensor[], ServeFailure> {
  const ordered: Tensor[] = [];
  for (const spec of specs) {
    const tensor = find(spec.name);
    if (tensor === undefined) return missing(specs, spec, inputs);
    const wrong = mismatch(spec, tensor);
    if (wrong !== undefined) return invalid(`input '${spec.name}': ${wrong}`);
    ordered.push(tensor);
  }
  if (inputs.length === specs.length) return ok(ordered);
  const unknown = inputs.find(({ name }) => !specs.some((spec) => spec.name === name));
  if (unknown === undefined) return invalid(`input '${twice(inputs)}' is given more than once`);
  return invalid(`input '${unknown.name}' is not one of the model's: it takes ${names(specs)}`);
}

const twice = (inputs: readonly Tensor[]): string | undefined =>
  inputs.find(({ name }, index) => inputs.findIndex((one) => one.name === name) < index)?.name;

function missing(specs: readonly TensorSpec[], spec: TensorSpec, inputs: readonly Tensor[]) {
  const got = inputs.map(({ name }) => `'${name}'`).join(", ");
  return invalid(`input '${spec.name}' is missing: the model takes ${names(specs)}; got ${got}`);
}

function mismatch(spec: TensorSpec, tensor: Tensor): string | undefined {
  if (tensor.datatype !== spec.datatype) {
    return `datatype is ${tensor.datatype}, the model takes ${spec.datatype}`;
  }
  const { shape } = tensor;
  if (shape.length !== spec.shape.length) {
    return `shape is ${written(shape)} (rank ${shape.length}), the model takes ${written(spec.shape)} (rank ${spec.shape.length})`;
  }
  for (let axis = 0; axis < shape.length; axis += 1) {
    const wanted = spec.shape[axis];
    if (wanted !== -1 && shape[axis] !== wanted) {
      return `shape is ${written(shape)}, the model takes ${written(spec.shape)}: dimension ${axis} must be ${wanted}`;
    }
  }
  return undefined;
}

const invalid = (detail: string) => fail({ reason: "invalid_input", detail });

const written = (shape: readonly number[]): string => `[${shape.join(", ")}]`;

const names = (specs: readonly TensorSpec[]): string =>
  specs.map(({ name, datatype, shape }) => `'${name}' ${datatype} ${written(shape)}`).join(", ");
