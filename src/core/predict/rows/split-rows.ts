import type { Datatype } from "../../model/datatype.ts";
import { ELEMENT_READERS, type ElementReader } from "../../model/json-elements.ts";
import { elementCount, makeTensor, type Tensor } from "../../model/tensor.ts";

/**
 * Puts requests of one row each, `[1, …]`, one below the other: `[rows, …]`. All are of one
 * model: the same inputs in the same order, of the same shapes.
 */
export function joinRows(rows: readonly (readonly Tensor[])[]): readonly Tensor[] {
  const [first = []] = rows;
  if (rows.length === 1) return first;
  return first.map((head, place) => joinOne(head, rows, place));
}

function joinOne(head: Tensor, rows: readonly (readonly Tensor[])[], place: number): Tensor {
  const { name, datatype, shape, data } = head;
  const size = data.length;
  const reader = ELEMENT_READERS[datatype] as ElementReader<Datatype>;
  const joined = reader.allocate(size * rows.length);
  for (const [row, tensors] of rows.entries())
    copyInto(joined, row * size, tensors[place]?.data ?? []);
  return makeTensor(name, datatype, [rows.length, ...shape.slice(1)], joined);
}

function copyInto(target: Tensor["data"], offset: number, source: Tensor["data"]): void {
  if (Array.isArray(target)) {
    for (const [index, text] of (source as readonly string[]).entries())
      target[offset + index] = text;
    return;
  }
  // Both come from the reader of one datatype.
  (target as Float32Array).set(source as Float32Array, offset);
}

/**
 * Takes the outputs of a run of `rows` rows apart: for each row what a run of it alone would
 * give, `[1, …]`, owning its data. `undefined` when an output does not have its rows first.
 */
export function splitRows(
  outputs: readonly Tensor[],
  rows: number,
): readonly (readonly Tensor[])[] | undefined {
  if (rows === 1) return [outputs];
  const isByRow = outputs.every(
    ({ shape, data }) => shape[0] === rows && data.length === elementCount(shape),
  );
  if (!isByRow) return undefined;
  return Array.from({ length: rows }, (_, row) => outputs.map((output) => rowOf(output, row)));
}

function rowOf({ name, datatype, shape, data }: Tensor, row: number): Tensor {
  const inner = shape.slice(1);
  const size = elementCount(inner) ?? 0;
  const part = data.slice(row * size, (row + 1) * size);
  return makeTensor<Datatype>(name, datatype, [1, ...inner], part);
}
