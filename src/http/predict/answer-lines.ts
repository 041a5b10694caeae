import type { FlightContext } from "../../core/cache/single-flight.ts";
import type { ServeFailure } from "../../core/model/failure.ts";
import { fail, ok, type Result } from "../../core/model/result.ts";
import type { InferDeps } from "../../core/predict/inference.ts";
import type { OpenRows } from "../../core/predict/rows/open-rows.ts";
import { predictRows, type RowsAnswer } from "../../core/predict/rows/predict-rows.ts";
import { UnreadableRow } from "../../core/predict/rows/row-error.ts";
import { parseJson } from "../body/parse-json.ts";
import type { Refusal } from "../problem.ts";
import { refusalOf } from "../refusals.ts";
import type { LineBatch } from "./read-line-batches.ts";
import { errorAt, failureOfAll } from "./refuse-rows.ts";
import type { HowToRead } from "./rows-form.ts";
import type { Line } from "./split-lines.ts";

// A row may hold an array of a tensor's rank.
const MAX_DEPTH = 16;

export interface LinesReading extends HowToRead {
  readonly deps: InferDeps;
  readonly context: FlightContext;
  readonly open: OpenRows;
}

/** Answers with the rows that they are of. */
export interface AnsweredLines extends RowsAnswer {
  readonly rows: readonly unknown[];
}

/** Why no more lines are answered. */
export type RefusedLines = Refusal & {
  readonly reason: string;
  /** As the core knows it, where it was the core's. */
  readonly failure?: ServeFailure;
};

/**
 * Answers lines that are rows. The failure is one of the model: nothing more will be answered.
 * @param first the place of the first line among all
 */
export async function answerLines(
  { deps, context, open, ignoresUnknown, isText }: LinesReading,
  lines: LineBatch,
  first: number,
): Promise<Result<AnsweredLines, RefusedLines>> {
  const rows = lines.map(readLine);
  const reading = { first, form: "rows" as const, ignoresUnknown, isText };
  const answer = await predictRows(deps, context, open, rows, reading);
  const failure = failureOfAll(answer.results);
  return failure === undefined
    ? ok({ ...answer, rows })
    : fail({ ...refusalOf(failure), reason: failure.reason, failure });
}

function readLine(line: Line): unknown {
  if (typeof line !== "string") return line;
  const parsed = parseJson(line, { maxDepth: MAX_DEPTH });
  if (parsed.ok) return parsed.value;
  // The parser speaks of a body.
  const what = parsed.failure.detail
    .replace(/^the body /, "")
    .replace(" at line 1, column", " at column");
  return new UnreadableRow("invalid_json", what);
}

/** Errors that a first line shares with every other: they are of the file, not of a row. */
const OF_THE_FILE = new Set(["invalid_json", "invalid_row", "unknown_feature", "missing_feature"]);

/**
 * Why a stream is refused before it begins: its first line is no row, or has other features
 * than the model. A wrong or empty value is of that row alone.
 */
export function refusalOfFirst({ results }: RowsAnswer): Refusal | undefined {
  const [first] = results;
  if (first === undefined || first.ok || !("error" in first)) return undefined;
  const { code, detail, path } = first.error;
  if (!OF_THE_FILE.has(code)) return undefined;
  return { status: 400, code, detail, errors: [errorAt(path, detail)] };
}
