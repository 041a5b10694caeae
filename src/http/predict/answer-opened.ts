import type { FlightContext } from "../../core/cache/single-flight.ts";
import type { ServeFailure } from "../../core/model/failure.ts";
import { fail, ok, type Result } from "../../core/model/result.ts";
import type { OpenRows } from "../../core/predict/rows/open-rows.ts";
import { predictRows, type RowsAnswer } from "../../core/predict/rows/predict-rows.ts";
import type { HttpDeps } from "../deps.ts";
import type { AskedRows } from "./make-asked-rows.ts";
import { recordAnswered } from "./record-answered.ts";
import { failureOfAll } from "./refuse-rows.ts";
import { type RowsMeta, rowsMetaOf } from "./rows-response.ts";
import { createResultWriter, writeResults } from "./write-results.ts";

/** Rows that one model has answered. */
export interface AnsweredModel {
  readonly open: OpenRows;
  readonly asked: AskedRows;
  readonly answer: RowsAnswer;
  readonly meta: RowsMeta;
  /** Each result, as JSON in one line. */
  readonly written: readonly string[];
  /** Answers that have no record, as there was no room. */
  readonly unrecorded: number;
  /** Of an only answer. */
  readonly predictionId: string | undefined;
}

/**
 * Has one model answer rows, hands over those with an answer to be recorded behind it, once there
 * is room, and writes each result. The failure is the model's: it answered none of them.
 */
export async function answerOpened(
  deps: HttpDeps,
  context: FlightContext,
  open: OpenRows,
  asked: AskedRows,
  requestId: string,
): Promise<Result<AnsweredModel, ServeFailure>> {
  const { rows, reading, ignored, entities } = asked;
  const answer = await predictRows(deps.serve, context, open, rows, reading);
  const { results } = answer;
  const failure = failureOfAll(results);
  if (failure !== undefined) return fail(failure);
  const meta = {
    ...rowsMetaOf(open, answer, requestId),
    ...(ignored.length === 0 ? {} : { ignored_columns: ignored }),
  };
  const ids = results.filter((result) => result.ok).map(() => deps.newId());
  const lost = await recordAnswered(deps, context, { open, rows, results, ids, entities });
  const written = writeResults(createResultWriter(meta, open.version), results, ids, lost);
  const predictionId = ids.length === 1 ? ids[0] : undefined;
  return ok({ open, asked, answer, meta, written, unrecorded: lost.length, predictionId });
}
