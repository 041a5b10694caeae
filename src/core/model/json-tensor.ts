import type { Datatype } from "./datatype.ts";
import { ELEMENT_READERS, type ElementReader } from "./json-elements.ts";
import { fail, ok, type Result } from "./result.ts";
import { makeTensor, type Tensor } from "./tensor.ts";

/** Data that are not what the tensor's head says; the detail names the element. */
export interface TensorProblem {
  readonly reason: "invalid_request";
  readonly detail: string;
}

/** A tensor's head: what stands beside its data. */
export interface TensorHead {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /** Product of the shape. */
  readonly count: number;
  /** Where it stands in the request, such as `inputs[0]`. */
  readonly path: string;
}

/**
 * Reads a tensor's JSON data, flat or nested, row-major. A nested one must have
 * exactly the shape; the first wrong element is named by its path.
 */
export function readJsonTensor(head: TensorHead, data: unknown): Result<Tensor, TensorProblem> {
  if (!Array.isArray(data)) {
    return problem(
      `${head.path}.data must be an array (or send parameters.binary_data_size and the bytes)`,
    );
  }
  return readWith(ELEMENT_READERS[head.datatype] as ElementReader<Datatype>, head, data);
}

function readWith(
  reader: ElementReader<Datatype>,
  head: TensorHead,
  data: readonly unknown[],
): Result<Tensor, TensorProblem> {
  const { name, datatype, shape, count, path } = head;
  const isNested = shape.length > 1 && Array.isArray(data[0]);
  const misfit = isNested ? misshapen(shape, data, 0) : tooFewOrMany(head, data);
  if (misfit !== undefined) return problem(`${path}.data${misfit}`);
  const target = reader.allocate(count);
  const bad = isNested
    ? fillNested(reader, target, data, shape.length, { at: 0 })
    : fillLeaf(reader, target, data, 0);
  return bad === undefined
    ? ok(makeTensor(name, datatype, shape, target))
    : problem(`${path}.data${bad}`);
}

function tooFewOrMany({ shape, count }: TensorHead, data: readonly unknown[]): string | undefined {
  if (data.length === count) return undefined;
  return ` has ${data.length} elements, the shape [${shape.join(", ")}] has ${count}`;
}

// Each level below puts its own index before what the level under it says: paths cost nothing until one is wrong.

/** Names the first array that is not as long as its dimension says, before anything is allocated. */
function misshapen(shape: readonly number[], data: unknown, axis: number): string | undefined {
  if (!Array.isArray(data)) return ` must be an array: the shape is [${shape.join(", ")}]`;
  if (data.length !== shape[axis]) {
    return ` has ${data.length} elements, dimension ${axis} of the shape is ${shape[axis]}`;
  }
  if (axis === shape.length - 1) return undefined;
  for (let index = 0; index < data.length; index += 1) {
    const misfit = misshapen(shape, data[index], axis + 1);
    if (misfit !== undefined) return `[${index}]${misfit}`;
  }
  return undefined;
}

function fillNested(
  reader: ElementReader<Datatype>,
  target: Tensor["data"],
  data: readonly unknown[],
  rank: number,
  cursor: { at: number },
): string | undefined {
  if (rank === 1) {
    const bad = fillLeaf(reader, target, data, cursor.at);
    cursor.at += data.length;
    return bad;
  }
  for (let index = 0; index < data.length; index += 1) {
    const inner = data[index] as readonly unknown[];
    const bad = fillNested(reader, target, inner, rank - 1, cursor);
    if (bad !== undefined) return `[${index}]${bad}`;
  }
  return undefined;
}

function fillLeaf(
  reader: ElementReader<Datatype>,
  target: Tensor["data"],
  leaf: readonly unknown[],
  offset: number,
): string | undefined {
  // The target came from this very reader.
  const bad = reader.fill(target as never, offset, leaf);
  return bad < 0 ? undefined : `[${bad}] must be ${reader.expected}`;
}

const problem = (detail: string) => fail({ reason: "invalid_request", detail });
