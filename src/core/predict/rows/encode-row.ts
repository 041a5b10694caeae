import type { Datatype } from "../../model/datatype.ts";
import { ELEMENT_READERS, type ElementReader } from "../../model/json-elements.ts";
import { didYouMean } from "../../model/nearest-name.ts";
import { ok, type Result } from "../../model/result.ts";
import { makeTensor, type Tensor } from "../../model/tensor.ts";
import { namesWithout, notAFeature } from "./nearest-name.ts";
import { oneOf } from "./read-category.ts";
import { isEmptyCell, readCell } from "./read-cell.ts";
import { pathTo, UnreadableRow } from "./row-error.ts";
import type { Feature, PlannedInput, RowPlan } from "./row-plan.ts";
import { mistyped, type RowFailure, type RowPlace, wrong } from "./wrong-row.ts";

export interface EncodeOptions extends RowPlace {
  /** Whether names that the model has not are passed over. */
  readonly ignoresUnknown: boolean;
  /** Whether text may stand for numbers, as in CSV. */
  readonly isText: boolean;
}

export type EncodedRow = Result<readonly Tensor[], RowFailure>;

/**
 * Makes of one row the tensors of a request of one row, `[1, …]`, in the model's order. A row is
 * an object of features by name or an array of values in the order of the plan. The first thing
 * that is wrong is named.
 */
export function encodeRow(plan: RowPlan, row: unknown, options: EncodeOptions): EncodedRow {
  const values = valuesOf(plan, row, options);
  if (!values.ok) return values;
  const tensors: Tensor[] = [];
  for (const input of plan.inputs) {
    const tensor = encodeInput(plan, input, values.value, options);
    if (!tensor.ok) return tensor;
    tensors.push(tensor.value);
  }
  return ok(tensors);
}

type Values = Result<readonly unknown[], RowFailure>;

function valuesOf(plan: RowPlan, row: unknown, options: EncodeOptions): Values {
  const { names } = plan;
  if (row instanceof UnreadableRow) return wrong(row.code, options, row.below, row.what);
  if (Array.isArray(row)) {
    if (row.length === names.length) return ok(row);
    return wrong(
      "invalid_row",
      options,
      "",
      `has ${row.length} values, the model takes ${names.length}`,
    );
  }
  if (typeof row !== "object" || row === null) {
    return wrong(
      "invalid_row",
      options,
      "",
      `must be an object of features, such as {${JSON.stringify(names[0] ?? "")}: …}, or an array of ${names.length} values`,
    );
  }
  const given = row as Readonly<Record<string, unknown>>;
  const values: unknown[] = [];
  let found = 0;
  for (const name of names) {
    const isThere = Object.hasOwn(given, name);
    if (isThere) found += 1;
    values.push(isThere ? given[name] : undefined);
  }
  const keys = found === names.length && options.ignoresUnknown ? [] : Object.keys(given);
  if (keys.length > found && !options.ignoresUnknown) {
    const [unknown = ""] = namesWithout(keys, names);
    return wrong("unknown_feature", options, pathTo(unknown), notAFeature(unknown, names));
  }
  if (found === names.length) return ok(values);
  const absent = plan.features.find(
    ({ missing }, place) => missing === undefined && values[place] === undefined,
  );
  return absent === undefined ? ok(values) : missingFeature(absent, keys, plan, options);
}

/** A name that was passed over may be the one that is missed. */
function missingFeature(
  { name }: Feature,
  keys: readonly string[],
  { names }: RowPlan,
  options: EncodeOptions,
): { readonly ok: false; readonly failure: RowFailure } {
  const what = `is missing: the model needs it${didYouMean(name, namesWithout(keys, names))}`;
  return wrong("missing_feature", options, pathTo(name), what);
}

function encodeInput(
  { features }: RowPlan,
  { name, datatype, shape, size, first, count }: PlannedInput,
  values: readonly unknown[],
  options: EncodeOptions,
): Result<Tensor, RowFailure> {
  const leaf: unknown[] = [];
  for (let place = first; place < first + count; place += 1) {
    const feature = features[place] as Feature;
    const problem = append(leaf, feature, values[place], options);
    if (problem !== undefined) return problem;
  }
  const reader = ELEMENT_READERS[datatype] as ElementReader<Datatype>;
  const data = reader.allocate(size);
  const bad = reader.fill(data, 0, leaf);
  if (bad < 0) return ok(makeTensor(name, datatype, shape, data));
  const feature = features[count === 1 ? first : first + bad] as Feature;
  const element = feature.size === 1 ? "" : `[${bad}]`;
  return mistyped(feature, element, reader.expected, leaf[bad], options);
}

/** Puts a feature's elements at the end of `leaf`; answers what is wrong with them, if anything. */
function append(
  leaf: unknown[],
  feature: Feature,
  value: unknown,
  options: EncodeOptions,
): ReturnType<typeof wrong> | undefined {
  if (value === undefined || isEmptyCell(feature, value, options.isText)) {
    if (feature.missing === undefined) return absent(feature, value, options);
    for (let element = 0; element < feature.size; element += 1) leaf.push(feature.missing);
    return undefined;
  }
  if (feature.size > 1) return appendAll(leaf, feature, value, options);
  return appendOne(leaf, feature, "", value, options);
}

function appendOne(
  leaf: unknown[],
  feature: Feature,
  element: string,
  value: unknown,
  options: EncodeOptions,
): ReturnType<typeof wrong> | undefined {
  const cell = readCell(feature, value, options.isText);
  if (!cell.ok) {
    const { expected, near } = cell.failure;
    return mistyped(feature, element, expected, value, options, near);
  }
  leaf.push(cell.value);
  return undefined;
}

function appendAll(
  leaf: unknown[],
  feature: Feature,
  value: unknown,
  options: EncodeOptions,
): ReturnType<typeof wrong> | undefined {
  // Deeper than any tensor that an engine takes.
  const elements: readonly unknown[] | undefined = Array.isArray(value) ? value.flat(8) : undefined;
  if (elements?.length !== feature.size) {
    return mistyped(feature, "", `an array of ${feature.size} values`, value, options);
  }
  // An image has a hundred thousand of them.
  if (feature.categories === undefined && !options.isText) {
    for (const element of elements) leaf.push(element);
    return undefined;
  }
  for (const [index, element] of elements.entries()) {
    const problem = appendOne(leaf, feature, `[${index}]`, element, options);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function absent(feature: Feature, value: unknown, options: EncodeOptions) {
  const path = pathTo(feature.name);
  return value === undefined
    ? wrong("missing_feature", options, path, "is missing: the model needs it")
    : wrong("missing_value", options, path, `is empty: the model needs ${expectedOf(feature)}`);
}

const expectedOf = ({ datatype, categories }: Feature): string =>
  categories === undefined ? ELEMENT_READERS[datatype].expected : oneOf(categories);
