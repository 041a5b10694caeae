import type { Datatype } from "../../model/datatype.ts";
import type { Draft } from "../../model/manifest-draft.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import { elementCount, type TensorSpec } from "../../model/tensor.ts";
import type { FieldProblem, RegistryFailure } from "../registry-failure.ts";

/**
 * Checks what a publisher says of a file against what the file takes and gives: what would be
 * refused, or passed over, with the first prediction. Every wrong field is named. Versions that are
 * stored already are not held to it. No I/O.
 */
export function checkTold(
  { features = [], classes = [], task }: Draft,
  inputs: readonly TensorSpec[],
  outputs: readonly TensorSpec[],
): Result<undefined, RegistryFailure> {
  const problems = [
    ...checkWidth(features.length, inputs),
    ...features.flatMap((feature, place) => checkFeature(feature, place, inputs)),
    ...(classes.length === 0 ? [] : checkClasses(classes.length, task, outputs)),
  ];
  if (problems.length === 0) return ok(undefined);
  const detail = problems.map(({ path, message }) => `manifest.${path}: ${message}`).join("; ");
  return fail({ reason: "invalid_request", detail, errors: problems });
}

type ToldFeature = NonNullable<Draft["features"]>[number];

/** Features fill an only input side by side; of several inputs each takes the one of its name. */
function checkWidth(count: number, inputs: readonly TensorSpec[]): readonly FieldProblem[] {
  const [only] = inputs;
  if (count === 0 || only === undefined || inputs.length > 1) return [];
  const inner = only.shape.slice(1);
  const open = inner.filter((size) => size === -1).length;
  const closed = elementCount(inner.filter((size) => size !== -1)) ?? 1;
  const fits = open === 0 ? count === closed : count % Math.max(1, closed) === 0;
  // Without rows, or open in more than one way, it is asked by tensors alone.
  if (only.shape.length === 0 || open > 1 || fits) return [];
  const wanted = open === 0 ? String(closed) : `a multiple of ${closed}`;
  return [
    {
      path: "features",
      message: `${count} are named, where the input '${only.name}' [${only.shape.join(", ")}] takes ${wanted} a row: name each of its columns, in their order, or leave 'features' out`,
    },
  ];
}

function checkFeature(
  { name, missing, stats, categories }: ToldFeature,
  place: number,
  inputs: readonly TensorSpec[],
): readonly FieldProblem[] {
  const input = inputs.length === 1 ? inputs[0] : inputs.find((one) => one.name === name);
  if (input === undefined || missing === undefined || missing === "error") return [];
  const { datatype } = input;
  const path = missing === "mean" ? "stats.mean" : "missing";
  const value = missing === "mean" ? stats?.mean : missing;
  // A mean of whole numbers is none, and is rounded.
  const number = missing === "mean" && !isFloat(datatype) ? Math.round(Number(value)) : value;
  const why = categories !== undefined && datatype === "BYTES" ? TEXT : whyUnheld(datatype, number);
  if (why === undefined) return [];
  const message = `${JSON.stringify(value)} cannot stand in the input '${input.name}', which is ${datatype}: ${why}`;
  return [{ path: `features.${place}.${path}`, message }];
}

const TEXT = "a text has no stand-in; leave 'missing' out";

/** Up to which whole number each datatype goes, and a number of JSON is exact. */
const WHOLE: Partial<Readonly<Record<Datatype, readonly [least: number, most: number]>>> = {
  INT8: [-(2 ** 7), 2 ** 7 - 1],
  INT16: [-(2 ** 15), 2 ** 15 - 1],
  INT32: [-(2 ** 31), 2 ** 31 - 1],
  INT64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  UINT8: [0, 2 ** 8 - 1],
  UINT16: [0, 2 ** 16 - 1],
  UINT32: [0, 2 ** 32 - 1],
  UINT64: [0, Number.MAX_SAFE_INTEGER],
};

const MAX_HALF = 65_504;

const isFloat = (datatype: Datatype): boolean => datatype.startsWith("FP");

/** Why a stand-in is none for a datatype, and what is; `undefined`: it is one. */
function whyUnheld(datatype: Datatype, value: unknown): string | undefined {
  if (datatype === "BYTES") return TEXT;
  if (datatype === "BOOL") return "a truth has no stand-in; leave 'missing' out";
  const range = WHOLE[datatype];
  if (range !== undefined) {
    const [least, most] = range;
    const isHeld = Number.isInteger(value) && Number(value) >= least && Number(value) <= most;
    return isHeld ? undefined : `give a whole number from ${least} to ${most}`;
  }
  if (value === "nan") return undefined;
  const most = datatype === "FP16" ? MAX_HALF : undefined;
  const held = datatype === "FP32" ? Math.fround(Number(value)) : Number(value);
  if (Number.isFinite(held) && Math.abs(held) <= (most ?? Infinity)) return undefined;
  return `give a number up to ${most ?? "3.4028234663852886e+38"}, or "nan"`;
}

const PROBABLE = /prob|score|logit/i;

/**
 * Whether some output has a column a class. Only where it is plain which one would: a model that
 * answers nothing but labels, or vectors of another kind, has none.
 */
function checkClasses(
  count: number,
  task: Draft["task"],
  outputs: readonly TensorSpec[],
): readonly FieldProblem[] {
  if (task !== undefined && task !== "classification") return [];
  const tables = outputs.filter(
    ({ datatype, shape }) => isFloat(datatype) && shape.length === 2 && (shape[1] ?? -1) > 0,
  );
  const isOnly = outputs.length === 1 && task === "classification";
  const meant = tables.filter(({ name }) => isOnly || PROBABLE.test(name));
  // A binary model may give the probability of its second class alone.
  const fits = ({ shape: [, width] }: TensorSpec) =>
    width === count || (width === 1 && count === 2);
  const [first] = meant;
  if (first === undefined || tables.some(fits)) return [];
  return [
    {
      path: "classes",
      message: `${count} are named, where the output '${first.name}' has ${first.shape[1]} a row: name each of its columns, in their order`,
    },
  ];
}
