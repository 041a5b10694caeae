import { elementSizeBytes } from "../../core/model/datatype.ts";
import { ok, type Result } from "../../core/model/result.ts";
import { type Bytes, elementCount, type Tensor, type TensorSpec } from "../../core/model/tensor.ts";
import { readBinaryTensor } from "./binary-tensor.ts";
import { type OipProblem, problem } from "./problem.ts";

/**
 * Makes the one input of a model from a raw body: its shape is the model's, one
 * dynamic dimension at most being worked out from the length.
 * Source: Triton, "Binary tensor data extension", raw binary requests.
 */
export function readRawTensor(
  specs: readonly TensorSpec[],
  body: Bytes,
): Result<readonly Tensor[], OipProblem> {
  const spec = specs[0];
  if (spec === undefined || specs.length !== 1) {
    return problem(`a raw body needs a model with one input; this one has ${specs.length}`);
  }
  const shape = shapeFor(spec, body.byteLength);
  if (!shape.ok) return shape;
  const count = elementCount(shape.value) ?? 0;
  const head = {
    name: spec.name,
    datatype: spec.datatype,
    shape: shape.value,
    count,
    path: "the raw body",
  };
  const tensor = readBinaryTensor(head, body);
  return tensor.ok ? ok([tensor.value]) : tensor;
}

function shapeFor(
  { datatype, shape }: TensorSpec,
  sizeBytes: number,
): Result<readonly number[], OipProblem> {
  const dynamic = shape.filter((dimension) => dimension === -1).length;
  if (dynamic === 0) return ok(shape);
  if (dynamic > 1) {
    return problem(
      `a raw body needs at most one dynamic dimension; the model's shape is [${shape.join(", ")}]`,
    );
  }
  const width = elementSizeBytes(datatype);
  // A BYTES element says its own length: only a single one can be told from the size of the body.
  if (width === undefined) return ok(shape.map((dimension) => (dimension === -1 ? 1 : dimension)));
  const fixed = elementCount(shape.filter((dimension) => dimension !== -1)) ?? 0;
  const rows = sizeBytes / (fixed * width);
  if (!Number.isSafeInteger(rows)) {
    return problem(
      `the raw body has ${sizeBytes} bytes, not a multiple of the ${fixed * width} that [${shape.join(", ")}] of ${datatype} needs`,
    );
  }
  return ok(shape.map((dimension) => (dimension === -1 ? rows : dimension)));
}
