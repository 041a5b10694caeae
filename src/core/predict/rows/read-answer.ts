import { halfToNumber } from "../../model/half.ts";
import type { Manifest } from "../../model/manifest.ts";
import { elementCount, type Tensor, type TensorSpec } from "../../model/tensor.ts";

/** What a model says of one row, in words of its task. */
export interface RowAnswer {
  readonly label?: string;
  /** By class, in the classes' order; they sum to 1. */
  readonly probabilities?: {
    readonly classes: readonly string[];
    readonly values: readonly number[];
  };
  readonly value?: number | bigint;
  /** Outputs that are none of these, `[1, …]` each. */
  readonly outputs?: readonly Tensor[];
}

/** Which output says what. */
export interface AnswerPlan {
  /** Place of each among the model's outputs. */
  readonly label: number | undefined;
  readonly probabilities: number | undefined;
  readonly value: number | undefined;
  readonly classes: readonly string[];
  /** Whether an integer label is a class's own number rather than its place. */
  readonly isNumbered: boolean;
}

/**
 * Tells by task, classes, shapes and datatypes which output is which. A classifier has a label
 * (text or integer, one a row) and probabilities (floats, one a class); a regressor one number
 * a row. Where several would do, the name decides, then the order.
 */
export function planAnswer(manifest: Manifest, outputs: readonly TensorSpec[]): AnswerPlan {
  const { task, classes } = manifest;
  const nothing = { label: undefined, probabilities: undefined, value: undefined };
  const isNumbered = classes.length > 0 && classes.every((name) => /^-?\d+$/.test(name));
  if (task === "regression") {
    const value = pick(outputs, isOneNumber, /pred|value|target|variable/i);
    return { ...nothing, value, classes, isNumbered };
  }
  if (task !== "classification" && classes.length === 0) {
    return { ...nothing, classes, isNumbered };
  }
  const label = pick(outputs, isLabel, /label|class|pred/i);
  const isProbable = (spec: TensorSpec) => isProbabilities(spec, classes.length);
  const probabilities = pick(outputs, isProbable, /prob/i);
  return { ...nothing, label, probabilities, classes, isNumbered };
}

/** Elements of a row; `undefined` where the shape leaves it open. */
const widthOf = ({ shape }: TensorSpec): number | undefined => {
  const inner = shape.slice(1);
  return inner.includes(-1) ? undefined : elementCount(inner);
};

const isFloat = ({ datatype }: TensorSpec): boolean => datatype.startsWith("FP");

const isOneNumber = (spec: TensorSpec): boolean =>
  spec.datatype !== "BYTES" && spec.datatype !== "BOOL" && widthOf(spec) === 1;

const isLabel = (spec: TensorSpec): boolean => !isFloat(spec) && widthOf(spec) === 1;

function isProbabilities(spec: TensorSpec, classes: number): boolean {
  if (!isFloat(spec)) return false;
  const width = widthOf(spec);
  // A binary model may give the probability of its second class alone.
  if (width === 1) return classes === 2;
  return width === undefined || width === classes || (classes === 0 && width > 1);
}

function pick(
  outputs: readonly TensorSpec[],
  suits: (spec: TensorSpec) => boolean,
  name: RegExp,
): number | undefined {
  const places = [...outputs.keys()].filter((place) => {
    const spec = outputs[place];
    return spec !== undefined && suits(spec);
  });
  return places.find((place) => name.test(outputs[place]?.name ?? "")) ?? places[0];
}

/**
 * Reads one row's outputs, all of the model's in its order. What are called probabilities lie
 * between 0 and 1 and sum to 1: scores that do not are given as `outputs`.
 */
export function readAnswer(plan: AnswerPlan, outputs: readonly Tensor[]): RowAnswer {
  const read = new Set<number>();
  const answer: { -readonly [K in keyof RowAnswer]: RowAnswer[K] } = {};
  const value = outputs[plan.value ?? -1];
  if (value !== undefined && value.data.length === 1) {
    read.add(plan.value ?? -1);
    answer.value = numbersOf(value)[0] ?? Number.NaN;
  }
  const scores = outputs[plan.probabilities ?? -1];
  const probabilities = scores === undefined ? undefined : probabilitiesOf(plan, scores);
  if (probabilities !== undefined) {
    read.add(plan.probabilities ?? -1);
    answer.probabilities = probabilities;
  }
  const given = outputs[plan.label ?? -1];
  if (given !== undefined && given.data.length === 1) {
    read.add(plan.label ?? -1);
    answer.label = labelOf(plan, given);
  } else {
    const likely = likeliest(probabilities);
    if (likely !== undefined) answer.label = likely;
  }
  const rest = outputs.filter((_, place) => !read.has(place));
  if (rest.length > 0) answer.outputs = rest;
  return answer;
}

function numbersOf(tensor: Tensor): readonly (number | bigint)[] {
  if (tensor.datatype === "BYTES") return [];
  if (tensor.datatype === "FP16") return Array.from(tensor.data, halfToNumber);
  return Array.from(tensor.data as ArrayLike<number | bigint>);
}

// Of float32 sums over many classes.
const SUM_TOLERANCE = 1e-3;

function probabilitiesOf(
  { classes }: AnswerPlan,
  tensor: Tensor,
): RowAnswer["probabilities"] | undefined {
  const given = numbersOf(tensor).map(Number);
  const [only] = given;
  const isOfSecond = given.length === 1 && classes.length === 2 && only !== undefined;
  const values = isOfSecond ? [1 - only, only] : given;
  if (classes.length > 0 && classes.length !== values.length) return undefined;
  if (!values.every((value) => value >= 0 && value <= 1)) return undefined;
  const sum = values.reduce((total, value) => total + value, 0);
  if (Math.abs(sum - 1) > SUM_TOLERANCE) return undefined;
  const names = classes.length > 0 ? classes : values.map((_, place) => String(place));
  return { classes: names, values };
}

/** Text as it is; an integer is a class's number where classes are numbers, else its place. */
function labelOf({ classes, isNumbered }: AnswerPlan, tensor: Tensor): string {
  if (tensor.datatype === "BYTES") return tensor.data[0] ?? "";
  const number = String(tensor.data[0]);
  return isNumbered ? number : (classes[Number(number)] ?? number);
}

/** The first of the highest. */
function likeliest(probabilities: RowAnswer["probabilities"]): string | undefined {
  if (probabilities === undefined) return undefined;
  const { classes, values } = probabilities;
  return classes[values.indexOf(Math.max(...values))];
}
