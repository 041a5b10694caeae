import type { FlightContext } from "../../cache/single-flight.ts";
import { computedVersion } from "../../model/computed-version.ts";
import type { Deployment } from "../../model/deployment.ts";
import type { MaybePromise } from "../../model/maybe-promise.ts";
import type { EntityKey } from "../../model/prediction-record.ts";
import type { OpenRows } from "../../predict/rows/open-rows.ts";
import type { RowResult } from "../../predict/rows/predict-rows.ts";
import type { LostIds, PredictionRecorder } from "../record-predictions.ts";
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
 * Records each answered row of a request, unless the deployment says otherwise, under the version
 * that computed it. An only row never waits; many wait for room (`recorder.recordInTurn`), as they
 * come faster than a store writes. Answers the ids of those that there was none for.
 */
export function recordRows(
  recorder: PredictionRecorder,
  context: FlightContext,
  { atMs, open, results, ids, rows, entities, deployment, random, rowBytes }: RowsToRecord,
): MaybePromise<LostIds> {
  const policy = recordPolicyOf(deployment, "rows");
  if (policy === undefined) return [];
  const { model } = open.version;
  const answered: AnsweredPrediction[] = [];
  const given = ids.values();
  for (const [place, result] of results.entries()) {
    if (!result.ok) continue;
    const id = given.next().value;
    if (id === undefined) throw new Error("each answered row has an id");
    if (!isRecorded(policy, random)) continue;
    const { answer, strategy, tier, by = open.version } = result;
    const of = { model, version: computedVersion(model, by), digest: by.digest };
    const entity = entities?.[place];
    answered.push({
      id,
      atMs,
      ...of,
      ...{ route: open.route, strategy, tier },
      entity,
      policy,
      inputs: () => ({ row: rows[place] }),
      answer: () => answer,
      sizeBytes: rowBytes,
    });
  }
  const isMany = results.length > 1;
  return isMany ? recorder.recordInTurn(context, answered) : recorder.record(context, answered);
}
