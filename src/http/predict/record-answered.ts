import type { FlightContext } from "../../core/cache/single-flight.ts";
import { isObject } from "../../core/model/is-object.ts";
import type { MaybePromise } from "../../core/model/maybe-promise.ts";
import type { EntityKey } from "../../core/model/prediction-record.ts";
import type { OpenRows } from "../../core/predict/rows/open-rows.ts";
import type { RowResult } from "../../core/predict/rows/predict-rows.ts";
import type { LostIds } from "../../core/quality/record-predictions.ts";
import { recordRows } from "../../core/quality/records/record-rows.ts";
import type { HttpDeps } from "../deps.ts";

/** Rows that were answered, and the ids that their answers went out with. */
export interface AnsweredRows {
  readonly open: OpenRows;
  readonly rows: readonly unknown[];
  readonly results: readonly RowResult[];
  /** As many as there are results that are ok, in their order. */
  readonly ids: readonly string[];
  /** What each row is of, where rows are entities. */
  readonly entities?: readonly (EntityKey | undefined)[] | undefined;
}

/**
 * Records answered rows behind their answer, where there is a store and the deployment wants it.
 * Many wait for room first. Answers the ids of those that there was none for.
 */
export function recordAnswered(
  { serve, records, clock, random }: HttpDeps,
  context: FlightContext,
  { open, rows, results, ids, entities }: AnsweredRows,
): MaybePromise<LostIds> {
  if (records === undefined) return [];
  const { names } = open.rows;
  return recordRows(records.recorder, context, {
    atMs: clock.now(),
    open,
    results,
    ids,
    entities,
    rows: rows.map((row) => named(names, row)),
    deployment: serve.catalog.get(open.version.model)?.deployment,
    random,
  });
}

/**
 * As `recordAnswered`, for a batch of a stream, which goes on once there was room. Only where the
 * deployment says a `rate` of its own: a file of a million rows would otherwise be a gigabyte of
 * records that nobody asked for.
 */
export async function recordStreamed(
  deps: HttpDeps,
  context: FlightContext,
  answered: AnsweredRows,
): Promise<LostIds> {
  const { model } = answered.open.version;
  if (deps.serve.catalog.get(model)?.deployment.record?.rate === undefined) return [];
  return recordAnswered(deps, context, answered);
}

/**
 * One row is one record, whichever form it came in: what the model has not is left out, of which
 * an entity may have any amount.
 */
function named(names: readonly string[], row: unknown): unknown {
  if (Array.isArray(row)) return Object.fromEntries(names.map((name, at) => [name, row[at]]));
  if (!isObject(row)) return row;
  const there = names.filter((name) => Object.hasOwn(row, name));
  return Object.fromEntries(there.map((name) => [name, row[name]]));
}
