import { isObject } from "../../model/is-object.ts";
import { ok, type Result } from "../../model/result.ts";
import { type GivenRows, makeRows } from "./given-rows.ts";
import { notAFeature } from "./nearest-name.ts";
import { pathTo, type UnfitColumns, UnreadableRow } from "./row-error.ts";
import type { RowPlan } from "./row-plan.ts";

export interface TogetherReading {
  /** Whether names that no model has are passed over. */
  readonly ignoresUnknown: boolean;
}

/** Rows that each of several models may be asked, each passing over what it does not know. */
export interface RowsTogether {
  readonly given: GivenRows;
  /** Columns that no model has. */
  readonly ignored: readonly string[];
}

/**
 * Looks at rows that several models are asked together: a name is unknown where none of them
 * knows it. What is wrong with a column whichever model reads it (unknown, twice, of another
 * length) is said once, for the request; a row with an unknown name becomes one that fails.
 */
export function checkTogether(
  plans: readonly RowPlan[],
  given: GivenRows,
  { ignoresUnknown }: TogetherReading,
): Result<RowsTogether, UnfitColumns> {
  const names = [...new Set(plans.flatMap((plan) => plan.names))];
  if (given.kind === "rows") {
    const rows = ignoresUnknown ? given.rows : withoutUnknown(names, given.rows);
    return ok({ given: { kind: "rows", rows }, ignored: [] });
  }
  const made = makeRows({ names, features: [], owner: "bundle" }, given, ignoresUnknown);
  return made.ok ? ok({ given, ignored: made.value.ignored }) : made;
}

function withoutUnknown(names: readonly string[], rows: readonly unknown[]): readonly unknown[] {
  const known = new Set(names);
  return rows.map((row) => {
    if (!isObject(row) || row instanceof UnreadableRow) return row;
    const unknown = Object.keys(row).find((name) => !known.has(name));
    if (unknown === undefined) return row;
    const what = notAFeature(unknown, names, "bundle");
    return new UnreadableRow("unknown_feature", what, pathTo(unknown));
  });
}
