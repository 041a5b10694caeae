import type { ServeFailure } from "../../model/failure.ts";

/** Why one row has no answer, in words for its sender. */
export interface RowError {
  /**
   * - `invalid_row`: it is not an object of features or an array of values.
   * - `invalid_json`, `line_too_long`: a line of a stream that cannot be read.
   * - `unknown_feature`: it names a feature that the model has not.
   * - `missing_feature`: a feature that the model needs is not in it.
   * - `missing_value`: a feature is there and empty, and the model has no rule for that.
   * - `invalid_value`: a value is not of the feature's type or categories.
   * - `entity_not_found`, `entity_without_features`: a row that is an entity has nothing stored.
   */
  readonly code:
    | "invalid_row"
    | "invalid_json"
    | "line_too_long"
    | "unknown_feature"
    | "missing_feature"
    | "missing_value"
    | "invalid_value"
    | "entity_not_found"
    | "entity_without_features";
  readonly detail: string;
  /** Where it stands in the request, such as `rows[3]["petal length (cm)"]`; rows count from 0. */
  readonly path: string;
}

/** Stands in the place of a row that could not be read: it fails alone. */
export class UnreadableRow {
  readonly code: RowError["code"];
  /** After the row's path: `is not valid JSON`. */
  readonly what: string;
  /** Where in the row it is wrong; empty: all of it. */
  readonly below: string;
  constructor(code: RowError["code"], what: string, below = "") {
    this.code = code;
    this.what = what;
    this.below = below;
  }
}

/** Why no row of a request can be answered. */
export type RowsFailure = ServeFailure | UnfitModel | UnfitColumns;

/** The model's inputs say nothing of rows; tensors still work. */
export interface UnfitModel {
  readonly reason: "rows_unsupported";
  readonly detail: string;
}

/** Columns that do not make rows of the model. */
export interface UnfitColumns {
  readonly reason: "invalid_columns";
  readonly detail: string;
  readonly path: string;
}

/** A name in a path: `["petal length (cm)"]`, or `.age` where it reads as well. */
export const pathTo = (name: string): string =>
  /^[A-Za-z_][A-Za-z0-9_]{0,60}$/.test(name) ? `.${name}` : `[${JSON.stringify(clip(name))}]`;

/** A caller's text in a message: shortened, so that a message stays a line. */
export const clip = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text);
