import { didYouMean } from "../../model/nearest-name.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import { type FeatureOwner, namesWithout, notAFeature } from "./nearest-name.ts";
import { clip, pathTo, type UnfitColumns, UnreadableRow } from "./row-error.ts";
import type { RowPlan } from "./row-plan.ts";
import { separatorHint } from "./separator-hint.ts";

/** Rows in one of the forms that a request may give them in. */
export type GivenRows =
  | { readonly kind: "rows"; readonly rows: readonly unknown[] }
  /** Values by feature, row after row. */
  | { readonly kind: "columns"; readonly columns: Readonly<Record<string, unknown>> }
  /** Cells as text, under a header. */
  | {
      readonly kind: "csv";
      readonly header: readonly string[];
      readonly records: readonly (readonly string[])[];
    };

/** Rows as `encodeRow` takes them. */
export interface MadeRows {
  readonly rows: readonly unknown[];
  /** Columns that were passed over. */
  readonly ignored: readonly string[];
}

type Made = Result<MadeRows, UnfitColumns>;

/** The features that rows are made for. */
export interface RowNames extends Pick<RowPlan, "names"> {
  /** Those that may have to be there. */
  readonly features: readonly Pick<RowPlan["features"][number], "name" | "missing">[];
  /** Whose they are, for messages: the model's where it is left out. */
  readonly owner?: FeatureOwner;
}

/**
 * Brings rows of any form into rows. What is wrong with a column as a whole is said once, for
 * the request: unequal lengths, an unknown or a missing name.
 * @param ignoresUnknown whether columns that the model has not are passed over
 */
export function makeRows(plan: RowNames, given: GivenRows, ignoresUnknown: boolean): Made {
  switch (given.kind) {
    case "rows":
      return ok({ rows: given.rows, ignored: [] });
    case "columns":
      return fromColumns(plan, given.columns, ignoresUnknown);
    case "csv":
      return fromRecords(plan, given.header, given.records, ignoresUnknown);
  }
}

function fromColumns(
  plan: RowNames,
  columns: Readonly<Record<string, unknown>>,
  ignoresUnknown: boolean,
): Made {
  const names = Object.keys(columns);
  const place = (name: string) => `columns${pathTo(name)}`;
  const checked = checkNames(plan, names, ignoresUnknown, place);
  if (!checked.ok) return checked;
  let length: number | undefined;
  for (const name of plan.names) {
    if (!Object.hasOwn(columns, name)) continue;
    const column = columns[name];
    if (!Array.isArray(column)) return unfit(place(name), "must be an array: one value a row");
    length ??= column.length;
    if (column.length !== length) {
      return unfit(place(name), `has ${column.length} values, the columns before it ${length}`);
    }
  }
  const used = plan.names.map((name) =>
    Object.hasOwn(columns, name) ? (columns[name] as readonly unknown[]) : [],
  );
  const rows = Array.from({ length: length ?? 0 }, (_, row) => used.map((column) => column[row]));
  return ok({ rows, ignored: checked.value });
}

function fromRecords(
  plan: RowNames,
  header: readonly string[],
  records: readonly (readonly string[])[],
  ignoresUnknown: boolean,
): Made {
  const place = (name: string) => `column '${clip(name)}'`;
  const at = new Map(header.map((name, index) => [name, index]));
  // Of a name that stands twice the map has the last place.
  const twice = header.find((name, index) => at.get(name) !== index);
  if (twice !== undefined) return unfit(place(twice), "stands in the header more than once");
  const checked = checkNames(plan, header, ignoresUnknown, place);
  if (!checked.ok) {
    const { detail } = checked.failure;
    return fail({ ...checked.failure, detail: detail + separatorHint(header.join()) });
  }
  const places = plan.names.map((name) => at.get(name));
  const rows = records.map((record) =>
    record.length === header.length
      ? places.map((column) => (column === undefined ? undefined : record[column]))
      : new UnreadableRow(
          "invalid_row",
          `has ${record.length} cells, the header has ${header.length}`,
        ),
  );
  return ok({ rows, ignored: checked.value });
}

/** Answers the names that the model has not. */
function checkNames(
  { features, names, owner }: RowNames,
  given: readonly string[],
  ignoresUnknown: boolean,
  place: (name: string) => string,
): Result<readonly string[], UnfitColumns> {
  const unknown = namesWithout(given, names);
  const [first] = unknown;
  if (first !== undefined && !ignoresUnknown) {
    return unfit(place(first), notAFeature(first, names, owner));
  }
  const there = new Set(given);
  const absent = features.find(({ name, missing }) => missing === undefined && !there.has(name));
  if (absent === undefined) return ok(unknown);
  const { name } = absent;
  return unfit(place(name), `is missing: the model needs it${didYouMean(name, unknown)}`);
}

const unfit = (path: string, what: string) =>
  fail({ reason: "invalid_columns", detail: `${path} ${what}`, path });
