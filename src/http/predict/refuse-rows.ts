import type { ServeFailure } from "../../core/model/failure.ts";
import type { RowResult } from "../../core/predict/rows/predict-rows.ts";
import type { RowsFailure } from "../../core/predict/rows/row-error.ts";
import { isOfRow } from "../../core/predict/rows/run-rows.ts";
import type { Refusal } from "../problem.ts";
import { refusalOf } from "../refusals.ts";

/**
 * Refuses one request of rows, and tells the log of it.
 * @param failure as the core knows it, where it was the core's
 */
export type RefuseRows = (
  refusal: Refusal,
  failure?: { readonly detail: string; readonly cause?: unknown },
) => Response;

/** The status of each reason for which no row of a request is answered. */
export function rowsRefusalOf(failure: RowsFailure): Refusal {
  switch (failure.reason) {
    case "rows_unsupported":
      return { status: 422, code: failure.reason, detail: failure.detail };
    case "invalid_columns": {
      const { reason: code, detail, path } = failure;
      return { status: 400, code, detail, errors: [errorAt(path, detail)] };
    }
    default:
      return refusalOf(failure);
  }
}

/** A problem's entry for one place; details begin with their path. */
export const errorAt = (path: string, detail: string) => ({
  path,
  message: detail.startsWith(`${path} `) ? detail.slice(path.length + 1) : detail,
});

/**
 * Why the model answers nothing: the failure of rows that it did not answer, when there is no
 * row that it did. Rows that are wrong themselves say nothing of the model.
 */
export function failureOfAll(results: readonly RowResult[]): ServeFailure | undefined {
  let found: ServeFailure | undefined;
  for (const result of results) {
    if (result.ok) return undefined;
    if ("failure" in result && !isOfRow(result.failure)) found = result.failure;
  }
  return found;
}
