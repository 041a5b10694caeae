import type { Tensor } from "../../model/tensor.ts";

/** Of float32 sums. */
const SLACK = 1e-5;

/**
 * What of an answer no classifier with these classes gives, in one line without its elements;
 * `undefined`: nothing. Labels, which are texts or whole numbers, one a row, are classes or, as
 * numbers, their places. `areShares`: a number for each class is a share, from 0 to 1.
 */
export function classBreach(
  tensors: readonly Tensor[],
  classes: readonly string[],
  areShares: boolean,
): string | undefined {
  if (classes.length === 0) return undefined;
  const known = new Set(classes);
  for (const tensor of tensors) {
    const { name, datatype, shape, data } = tensor;
    const width = shape.length < 2 ? 1 : (shape.at(-1) ?? 1);
    if (datatype.startsWith("FP")) {
      const isOfClasses = shape.length === 2 && width === classes.length;
      if (areShares && isOfClasses && !Array.from(data, Number).every(isShare)) {
        return `output '${name}' has a share of a class that is not from 0 to 1`;
      }
    } else if (datatype !== "BOOL" && width === 1) {
      const isLabel = (element: unknown) =>
        known.has(String(element)) || (datatype !== "BYTES" && isPlace(element, classes.length));
      if (!Array.from(data as ArrayLike<unknown>).every(isLabel)) {
        return `output '${name}' has a label that is none of the ${classes.length} classes`;
      }
    }
  }
  return undefined;
}

const isShare = (value: number): boolean => value >= -SLACK && value <= 1 + SLACK;

const isPlace = (element: unknown, count: number): boolean =>
  Number(element) >= 0 && Number(element) < count;
