import type { Manifest } from "../../model/manifest.ts";
import type { TensorSpec } from "../../model/tensor.ts";
import type { FieldProblem } from "../registry-failure.ts";

/** What of a manifest its callers rely on. */
export type Interface = Pick<Manifest, "inputs" | "outputs" | "features" | "classes">;

/**
 * What a caller of `now` would trip over with `next`: renamed, retyped, reshaped, missing or
 * reordered tensors, another order of features, other classes, or none any more. New outputs trip
 * nobody, nor do features and classes that were not told before.
 */
export function schemaDifferences(now: Interface, next: Interface): readonly FieldProblem[] {
  return [
    ...tensorDifferences("inputs", now.inputs, next.inputs, true),
    ...tensorDifferences("outputs", now.outputs, next.outputs, false),
    ...orderDifferences(
      "features",
      now.features.map(({ name }) => name),
      next.features.map(({ name }) => name),
    ),
    ...orderDifferences("classes", now.classes, next.classes),
  ];
}

function tensorDifferences(
  path: "inputs" | "outputs",
  now: readonly TensorSpec[] | undefined,
  next: readonly TensorSpec[] | undefined,
  isClosed: boolean,
): readonly FieldProblem[] {
  if (now === undefined || next === undefined) return [];
  const there = new Map(next.map((spec) => [spec.name, spec]));
  const changed = now.flatMap((spec) => tensorDifference(path, spec, there.get(spec.name)));
  const known = new Set(now.map(({ name }) => name));
  const added = isClosed ? next.filter(({ name }) => !known.has(name)) : [];
  return [
    ...changed,
    ...added.map(({ name }) => ({
      path: `${path}.${name}`,
      message: "is new: callers do not send it",
    })),
  ];
}

function tensorDifference(
  path: string,
  now: TensorSpec,
  next: TensorSpec | undefined,
): readonly FieldProblem[] {
  const at = `${path}.${now.name}`;
  if (next === undefined) return [{ path: at, message: "is gone" }];
  const problems: FieldProblem[] = [];
  if (next.datatype !== now.datatype) {
    problems.push({ path: `${at}.datatype`, message: `${now.datatype} became ${next.datatype}` });
  }
  if (!takesShape(next.shape, now.shape)) {
    problems.push({
      path: `${at}.shape`,
      message: `[${now.shape.join(", ")}] became [${next.shape.join(", ")}]`,
    });
  }
  return problems;
}

/** An open dimension takes whatever was there before. */
const takesShape = (next: readonly number[], now: readonly number[]): boolean =>
  next.length === now.length &&
  next.every((dimension, index) => dimension === -1 || dimension === now[index]);

function orderDifferences(
  path: string,
  now: readonly string[],
  next: readonly string[],
): readonly FieldProblem[] {
  if (now.length === 0) return [];
  // Callers send and read them by name.
  if (next.length === 0) return [{ path, message: `${now.length} became none` }];
  if (now.length !== next.length) {
    return [{ path, message: `${now.length} became ${next.length}` }];
  }
  const at = now.findIndex((name, index) => name !== next[index]);
  if (at < 0) return [];
  return [{ path: `${path}[${at}]`, message: `'${now[at]}' became '${next[at]}'` }];
}
