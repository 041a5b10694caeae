import { isObject } from "../../../core/model/is-object.ts";
import { readJsonTensor } from "../../../core/model/json-tensor.ts";
import { ok, type Result } from "../../../core/model/result.ts";
import { elementCount, type Tensor, type TensorSpec } from "../../../core/model/tensor.ts";
import { type BadAnswer, badAnswer } from "../bad-answer.ts";
import { takesClasses } from "./fill-prompt.ts";

/** What a value is shaped by. */
export interface ShapeRules {
  readonly spec: TensorSpec;
  readonly classes: readonly string[];
  /** Rows of the question, where its inputs agree on them. */
  readonly batch: number | undefined;
}

/**
 * Makes a JSON value the tensor that is wanted. It may be one element, a flat array in row-major
 * order, arrays nested as the shape is, or, for shares of classes, an object `{class: share}` in
 * place of each innermost array. A dimension of any size is what a nested value has there; for a
 * flat one the first is the batch where others are unknown too, and the count gives the last one.
 */
export function shapeValue(value: unknown, rules: ShapeRules): Result<Tensor, BadAnswer> {
  const { name, datatype, shape: wanted } = rules.spec;
  const plain = withoutClasses(value, rules);
  if (!plain.ok) return plain;
  const data = Array.isArray(plain.value) ? plain.value : [plain.value];
  const shape = data.some(Array.isArray)
    ? nestedShape(data, wanted)
    : flatShape(data.length, wanted, rules.batch);
  const count = shape === undefined ? undefined : elementCount(shape);
  if (shape === undefined || count === undefined) {
    return badAnswer(`output '${name}' does not fit the shape [${wanted.join(", ")}]`);
  }
  const tensor = readJsonTensor({ name, datatype, shape, count, path: `output '${name}'` }, data);
  return tensor.ok ? tensor : badAnswer(tensor.failure.detail);
}

/** The value with every object of shares as an array in the order of the classes. */
function withoutClasses(value: unknown, { spec, classes }: ShapeRules): Result<unknown, BadAnswer> {
  const isRows = Array.isArray(value) && value.some(isObject);
  if (!isObject(value) && !isRows) return ok(value);
  if (!takesClasses(spec, classes)) {
    return badAnswer(`output '${spec.name}' is an object, and not one of shares of classes`);
  }
  const rows = (isRows ? value : [value]).map((row) => sharesOf(row, classes));
  if (rows.some((row) => row === undefined)) {
    return badAnswer(`output '${spec.name}' does not have a share of each class and no other`);
  }
  return ok(isRows ? rows : rows[0]);
}

function sharesOf(row: unknown, classes: readonly string[]): readonly unknown[] | undefined {
  if (!isObject(row) || Object.keys(row).length !== classes.length) return undefined;
  return classes.every((name) => Object.hasOwn(row, name))
    ? classes.map((name) => row[name])
    : undefined;
}

/** The shape of nested arrays as their first elements have it: the reader looks at the others. */
function nestedShape(
  data: readonly unknown[],
  wanted: readonly number[],
): readonly number[] | undefined {
  const shape: number[] = [];
  let level: unknown = data;
  while (Array.isArray(level) && shape.length <= wanted.length) {
    shape.push(level.length);
    [level] = level;
  }
  if (shape.length !== wanted.length) return undefined;
  return wanted.every((size, axis) => size === -1 || size === shape[axis]) ? shape : undefined;
}

function flatShape(
  count: number,
  wanted: readonly number[],
  batch: number | undefined,
): readonly number[] | undefined {
  const isAmbiguous = wanted.filter((size) => size === -1).length > 1;
  const shape =
    isAmbiguous && wanted[0] === -1 && batch !== undefined ? [batch, ...wanted.slice(1)] : wanted;
  const open = shape.filter((size) => size === -1).length;
  const known = shape.reduce((product, size) => (size === -1 ? product : product * size), 1);
  if (open === 0) return known === count ? shape : undefined;
  if (open > 1 || known === 0 || count % known !== 0) return undefined;
  return shape.map((size) => (size === -1 ? count / known : size));
}
