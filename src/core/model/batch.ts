import type { Tensor, TensorSpec } from "./tensor.ts";

/**
 * How many rows a question has: the first dimension of its inputs, where they agree on it.
 * With the model's own specs, only inputs count whose first dimension may be of any size.
 */
export function batchOf(
  inputs: readonly Tensor[],
  specs?: readonly TensorSpec[],
): number | undefined {
  const isFixed = (name: string) => {
    const first = specs?.find((spec) => spec.name === name)?.shape[0];
    return first !== undefined && first !== -1;
  };
  const sizes = inputs.flatMap(({ name, shape: [first] }) =>
    first === undefined || isFixed(name) ? [] : [first],
  );
  return new Set(sizes).size === 1 ? sizes[0] : undefined;
}
