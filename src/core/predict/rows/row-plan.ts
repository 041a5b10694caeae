import type { Datatype } from "../../model/datatype.ts";
import type { Manifest } from "../../model/manifest.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import { elementCount, type TensorSpec } from "../../model/tensor.ts";
import type { UnfitModel } from "./row-error.ts";

/** One named value of a row. */
export interface Feature {
  readonly name: string;
  readonly datatype: Datatype;
  /** Elements of its value: 1 for a plain one, more for an array of them. */
  readonly size: number;
  /** What stands for a value that is missing; `undefined`: a row without it is refused. */
  readonly missing: number | "NaN" | undefined;
  /** Texts that it may be; in a numeric input each becomes its place in the list, from 0. */
  readonly categories: readonly string[] | undefined;
}

/** An input of the model as a row fills it. */
export interface PlannedInput {
  readonly name: string;
  readonly datatype: Datatype;
  /** Of one row, `[1, …]`. */
  readonly shape: readonly number[];
  /** Elements of one row. */
  readonly size: number;
  /** Where its features begin in the row, and how many they are. */
  readonly first: number;
  readonly count: number;
}

/** How rows become a model's inputs. */
export interface RowPlan {
  readonly inputs: readonly PlannedInput[];
  /** In the order in which an array of values gives them. */
  readonly features: readonly Feature[];
  readonly names: readonly string[];
  /** Whether the model takes several rows in one run. */
  readonly isBatched: boolean;
}

type Planned = Result<RowPlan, UnfitModel>;

/**
 * Tells how rows fill the inputs of a model. One input `[rows, …]` takes all features in the
 * manifest's order; of several inputs each takes the feature of its own name. Without features
 * in the manifest those of an only input are called `f0`, `f1`, …, and those of several after
 * their inputs. Fails where neither is so.
 */
export function planRows(manifest: Manifest, inputs: readonly TensorSpec[]): Planned {
  const misfit = inputs.map(withoutRows).find((why) => why !== undefined);
  if (misfit !== undefined) return unfit(misfit);
  const [only] = inputs;
  if (only === undefined) return unfit("the model takes no input");
  const planned = inputs.length === 1 ? oneInput(manifest, only) : inputPerFeature(inputs);
  if (!planned.ok) return planned;
  const features = withRules(planned.value.features, manifest);
  const isBatched = inputs.every(({ shape }) => shape[0] === -1);
  return ok({
    inputs: planned.value.inputs,
    features,
    names: features.map(({ name }) => name),
    isBatched,
  });
}

type Bare = Pick<Feature, "name" | "datatype" | "size">;

interface Layout {
  readonly inputs: readonly PlannedInput[];
  readonly features: readonly Bare[];
}

function withoutRows({ name, shape }: TensorSpec): string | undefined {
  const [rows] = shape;
  if (rows === undefined) return `its input '${name}' is a scalar and has no rows`;
  if (rows === -1 || rows === 1) return undefined;
  return `its input '${name}' takes exactly ${rows} rows at once`;
}

/** All features side by side in one input, row-major. */
function oneInput(
  { features }: Manifest,
  { name, datatype, shape }: TensorSpec,
): Result<Layout, UnfitModel> {
  const inner = shape.slice(1);
  const open = inner.filter((size) => size === -1).length;
  if (open > 1 || (open === 1 && features.length === 0)) {
    return unfit(
      `its input '${name}' has the open shape [${shape.join(", ")}]: name the 'features' in its manifest, so that rows have a width`,
    );
  }
  const closed = elementCount(inner.filter((size) => size !== -1)) ?? 0;
  const size = open === 0 ? closed : features.length;
  if (features.length > 0 && features.length !== size) {
    return unfit(
      `its manifest names ${features.length} features, its input '${name}' takes ${size} values a row`,
    );
  }
  if (size === 0 || (open === 1 && size % Math.max(1, closed) !== 0)) {
    return unfit(`${size} values do not fill its input '${name}' [${shape.join(", ")}]`);
  }
  const filled = inner.map((length) => (length === -1 ? size / Math.max(1, closed) : length));
  const names =
    features.length > 0
      ? features.map((feature) => feature.name)
      : Array.from({ length: size }, (_, index) => `f${index}`);
  return ok({
    inputs: [{ name, datatype, shape: [1, ...filled], size, first: 0, count: size }],
    features: names.map((feature) => ({ name: feature, datatype, size: 1 })),
  });
}

/** Each input takes the feature of its name. */
function inputPerFeature(specs: readonly TensorSpec[]): Result<Layout, UnfitModel> {
  const inputs: PlannedInput[] = [];
  const features: Bare[] = [];
  for (const { name, datatype, shape } of specs) {
    const inner = shape.slice(1);
    const size = inner.includes(-1) ? undefined : elementCount(inner);
    if (size === undefined || size === 0) {
      return unfit(`its input '${name}' has the open shape [${shape.join(", ")}]`);
    }
    inputs.push({ name, datatype, shape: [1, ...inner], size, first: features.length, count: 1 });
    features.push({ name, datatype, size });
  }
  return ok({ inputs, features });
}

/** What the manifest says of features by their names: rules for what is missing, categories. */
function withRules(features: readonly Bare[], manifest: Manifest): readonly Feature[] {
  const told = new Map(manifest.features.map((feature) => [feature.name, feature]));
  return features.map((feature) => {
    const said = told.get(feature.name);
    const missing = said === undefined ? undefined : standInOf(said, feature.datatype);
    return { ...feature, missing, categories: categoriesOf(said, feature.datatype) };
  });
}

/** Places that a datatype tells apart, where they are few. */
const PLACES: Partial<Readonly<Record<Datatype, number>>> = {
  BOOL: 2,
  INT8: 2 ** 7,
  UINT8: 2 ** 8,
  FP16: 2 ** 11 + 1,
  INT16: 2 ** 15,
  UINT16: 2 ** 16,
};

/** A list that the input's datatype cannot hold is none. */
function categoriesOf(
  said: Manifest["features"][number] | undefined,
  datatype: Datatype,
): Feature["categories"] {
  const categories = said?.categories;
  return (categories?.length ?? 0) <= (PLACES[datatype] ?? Infinity) ? categories : undefined;
}

/** A rule that the input's datatype cannot hold is none. */
function standInOf(
  { missing, stats }: Manifest["features"][number],
  datatype: Datatype,
): Feature["missing"] {
  if (datatype === "BYTES" || datatype === "BOOL") return undefined;
  const isFloat = datatype.startsWith("FP");
  if (missing === "nan") return isFloat ? "NaN" : undefined;
  const value = missing === "mean" ? stats?.mean : missing;
  if (typeof value !== "number") return undefined;
  return isFloat ? value : Math.round(value);
}

const unfit = (why: string) =>
  fail({
    reason: "rows_unsupported",
    detail: `this model cannot be asked with rows: ${why}. Send tensors to /v2/models/…/infer`,
  });
