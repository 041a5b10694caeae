import type { Datatype } from "./datatype.ts";
import { readJsonTensor } from "./json-tensor.ts";
import { elementCount, type Tensor, type TensorSpec } from "./tensor.ts";

const MAX_ELEMENTS = 1_000_000;

/**
 * One row of zeros (false, empty text) for every input, open dimensions taken as 1; `undefined`
 * when an input is too large to be made up.
 */
export function zeroRow(inputs: readonly TensorSpec[]): readonly Tensor[] | undefined {
  const made = inputs.map(zeros).filter((tensor) => tensor !== undefined);
  return made.length === inputs.length ? made : undefined;
}

function zeros({ name, datatype, shape }: TensorSpec): Tensor | undefined {
  const closed = shape.map((size) => (size < 0 ? 1 : size));
  const count = elementCount(closed);
  if (count === undefined || count > MAX_ELEMENTS) return undefined;
  const head = { name, datatype, shape: closed, count, path: name };
  const tensor = readJsonTensor(head, new Array<unknown>(count).fill(zeroOf(datatype)));
  return tensor.ok ? tensor.value : undefined;
}

function zeroOf(datatype: Datatype): unknown {
  if (datatype === "BOOL") return false;
  return datatype === "BYTES" ? "" : 0;
}
