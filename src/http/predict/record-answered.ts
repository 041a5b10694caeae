import type { FlightContext } from "../../core/cache/single-flight.ts";
import type { OpenRows } from "../../core/predict/rows/open-rows.ts";
import type { RowResult } from "../../core/predict/rows/predict-rows.ts";
import { recordRows } from "../../core/quality/records/record-rows.ts";
import type { HttpDeps } from "../deps.ts";

/** Rows that were answered, and the ids that their answers went out with. */
export interface AnsweredRows {
  readonly open: OpenRows;
  readonly rows: readonly unknown[];
  readonly results: readonly RowResult[];
  /** As many as there are results that are ok, in their order. */
  readonly ids: readonly string[];
}

/** Records answered rows behind their answer, where there is a store and the deployment wants it. */
export function recordAnswered(
  { serve, records, clock, random }: HttpDeps,
  context: FlightContext,
  { open, rows, results, ids }: AnsweredRows,
): void {
  if (records === undefined) return;
  const { names } = open.rows;
  recordRows(records.recorder, context, {
    atMs: clock.now(),
    open,
    results,
    ids,
    rows: rows.map((row) => named(names, row)),
    deployment: serve.catalog.get(open.version.model)?.deployment,
    random,
  });
}

/**
 * As `recordAnswered`, for a batch of a stream, and waits until the store has nearly caught up.
 * Only where the deployment says a `rate` of its own: a file of a million rows would otherwise
 * be a gigabyte of records that nobody asked for.
 */
export async function recordStreamed(
  deps: HttpDeps,
  context: FlightContext,
  answered: AnsweredRows,
): Promise<void> {
  const { model } = answered.open.version;
  if (deps.serve.catalog.get(model)?.deployment.record?.rate === undefined) return;
  recordAnswered(deps, context, answered);
  await deps.records?.recorder.drain(context);
}

/** One row is one record, whichever form it came in. */
const named = (names: readonly string[], row: unknown): unknown =>
  Array.isArray(row) ? Object.fromEntries(names.map((name, place) => [name, row[place]])) : row;
