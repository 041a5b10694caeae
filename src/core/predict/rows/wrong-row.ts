import { fail } from "../../model/result.ts";
import { clip, pathTo, type RowError } from "./row-error.ts";
import type { Feature } from "./row-plan.ts";

/** Where a row stands in its request: for messages. */
export interface RowPlace {
  /** From 0. */
  readonly index: number;
  /** How the rows came: paths are written after it. */
  readonly form: "rows" | "columns" | "entities";
}

export type RowFailure = RowError & { readonly reason: "row" };

/** Why a value is not what it must be; `element` is its place in an array, `near` the message's end. */
export const mistyped = (
  { name }: Pick<Feature, "name">,
  element: string,
  expected: string,
  value: unknown,
  place: RowPlace,
  near = "",
) =>
  wrong(
    "invalid_value",
    place,
    pathTo(name) + element,
    `must be ${expected}; it is ${told(value)}${near}`,
  );

function told(value: unknown): string {
  if (typeof value === "string") return `the text '${clip(value)}'`;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (value === null) return "null";
  return Array.isArray(value) ? `an array of ${value.length}` : "an object";
}

/** Why a row has no tensors; `below` is the path under it. */
export function wrong(
  code: RowError["code"],
  { index, form }: RowPlace,
  below: string,
  what: string,
): { readonly ok: false; readonly failure: RowFailure } {
  const path = form === "columns" ? `columns${below}[${index}]` : `${form}[${index}]${below}`;
  return fail({ reason: "row", code, detail: `${path} ${what}`, path });
}
