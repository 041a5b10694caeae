import type { FlightContext } from "../../cache/single-flight.ts";
import type { Bundle } from "../../model/bundle.ts";
import type { Result } from "../../model/result.ts";
import type { InferDeps } from "../../predict/inference.ts";
import { type OpenRows, openRows, type RowsRequest } from "../../predict/rows/open-rows.ts";
import type { RowsFailure } from "../../predict/rows/row-error.ts";
import { eachReference } from "./each-reference.ts";

/** A model of a bundle, ready to be asked for rows, or why it is not. */
export interface OpenMember {
  readonly reference: string;
  readonly opened: Result<OpenRows, RowsFailure>;
}

/**
 * Chooses the version of each model of a bundle that is asked for rows; one failure touches no
 * other. In the bundle's order. Costs what `openRows` costs for each.
 */
export async function openBundle(
  deps: InferDeps,
  context: FlightContext,
  bundle: Bundle,
  request: Omit<RowsRequest, "reference">,
): Promise<readonly OpenMember[]> {
  const opened = await eachReference(bundle, (reference) =>
    openRows(deps, context, { ...request, reference }),
  );
  return opened.map(({ reference, outcome }) => ({ reference, opened: outcome }));
}
