import { ELEMENT_VIEWS } from "../../../core/model/element-views.ts";
import { makeTensor, type Tensor } from "../../../core/model/tensor.ts";
import { writeJsonData } from "../../../core/model/write-json-data.ts";

/** Writes a tensor's elements as JSON arrays nested as its shape is; a scalar as itself. */
export function writeNested(tensor: Tensor): string {
  // A shape may have a dimension of millions before one of none.
  if (tensor.data.length === 0) return "[]";
  if (tensor.shape.length === 0) return writeJsonData(tensor).slice(1, -1);
  return nested(tensor, tensor.shape);
}

function nested(tensor: Tensor, shape: readonly number[]): string {
  if (shape.length <= 1) return writeJsonData(tensor);
  const [rows = 0, ...below] = shape;
  const size = tensor.data.length / rows;
  const parts = Array.from({ length: rows }, (_, row) =>
    nested(part(tensor, row * size, (row + 1) * size), below),
  );
  return `[${parts.join(",")}]`;
}

function part({ name, datatype, data }: Tensor, start: number, end: number): Tensor {
  if (datatype === "BYTES") return makeTensor(name, datatype, [], data.slice(start, end));
  const { buffer, byteOffset } = data;
  const View = ELEMENT_VIEWS[datatype];
  const at = byteOffset + start * View.BYTES_PER_ELEMENT;
  // The view is the datatype's own.
  return makeTensor(name, datatype, [], new View(buffer as ArrayBuffer, at, end - start) as never);
}
