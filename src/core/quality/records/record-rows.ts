import type { FlightContext } from "../../cache/single-flight.ts";
import type { Deployment } from "../../model/deployment.ts";
import type { EntityKey } from "../../model/prediction-record.ts";
import type { OpenRows } from "../../predict/rows/open-rows.ts";
import type { RowResult } from "../../predict/rows/predict-rows.ts";
import type { PredictionRecorder } from "../record-predictions.ts";
import type { AnsweredPrediction } from "./make-record.ts";
import { isRecorded, recordPolicyOf } from "./record-policy.ts";

/** Rows of one request that were answered, or of one batch of a stream. */
export interface RowsToRecord {
  readonly atMs: number;
  readonly open: Pick<OpenRows, "version" | "route">;
  /** One for each row, in their order. */
  readonly results: readonly RowResult[];
  /** `prediction_id` of each row that was answered: as many as `results` has that are ok. */
  readonly ids: readonly string[];
  /** As the caller wrote them. */
  readonly rows: readonly unknown[];
  /** What each row is of, where rows are entities. */
  readonly entities?: readonly (EntityKey | undefined)[] | undefined;
  readonly deployment: Deployment | undefined;
  readonly random: () => number;
  /** What a row is in memory, roughly; left out: 1 KiB. */
  readonly rowBytes?: number | undefined;
}

/**
 * Records each answered row of a request, unless the deployment says otherwise. A stream awaits
 * `recorder.drain` after each batch: it answers faster than a store writes, and what finds no room
 * to wait is lost.
 */
export function recordRows(
  recorder: PredictionRecorder,
  context: FlightContext,
  { atMs, open, results, ids, rows, entities, deployment, random, rowBytes }: RowsToRecord,
): void {
  const policy = recordPolicyOf(deployment, "rows");
  if (policy === undefined) return;
  const { model, version, digest } = open.version;
  const answered: AnsweredPrediction[] = [];
  const given = ids.values();
  for (const [place, result] of results.entries()) {
    if (!result.ok) continue;
    const id = given.next().value;
    if (id === undefined) throw new Error("each answered row has an id");
    if (!isRecorded(policy, random)) continue;
    const { answer, strategy, tier } = result;
    const of = { model, version, digest, route: open.route, strategy, tier };
    const entity = entities?.[place];
    answered.push({
      id,
      atMs,
      ...of,
      entity,
      policy,
      inputs: () => ({ row: rows[place] }),
      answer: () => answer,
      sizeBytes: rowBytes,
    });
  }
  if (answered.length > 0) recorder.record(context, answered);
}
