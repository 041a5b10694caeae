import type { Tensor, TensorSpec } from "./tensor.ts";

/**
 * Whether an output's shape is one that its spec allows: rank and fixed dimensions.
 * @param batch rows asked for, of which there is then one each where the first dimension is open
 */
export function fitsShape(
  spec: Pick<TensorSpec, "shape">,
  shape: readonly number[],
  batch: number | undefined,
): boolean {
  return (
    shape.length === spec.shape.length &&
    spec.shape.every((size, axis) => size === -1 || size === shape[axis]) &&
    (spec.shape[0] !== -1 || batch === undefined || shape[0] === batch)
  );
}

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
