import Papa from "papaparse";
import { fail, ok, type Result } from "../../core/model/result.ts";
import { UnreadableRow } from "../../core/predict/rows/row-error.ts";
import type { OutcomeWish } from "../../core/quality/set-outcome.ts";
import { parseExactJson } from "../body/parse-exact-json.ts";
import type { Line } from "../predict/split-lines.ts";
import { checkAgainst } from "../registry/read-json-body.ts";
import { outcomeLineSchema } from "./schemas.ts";

/** Why a line has no outcome. */
export interface LineProblem {
  readonly reason: string;
  readonly detail: string;
}

/** Reads one line of outcomes. */
export type ReadOutcome = (line: Line) => Result<OutcomeWish, LineProblem>;

const COLUMNS = ["prediction_id", "value", "at", "replace"] as const;
type Column = (typeof COLUMNS)[number];
const MAX_DEPTH = 4;

/** A line of JSON. */
export const readJsonOutcome: ReadOutcome = (line) => {
  if (line instanceof UnreadableRow) return unreadable(line);
  const parsed = parseExactJson(line, { maxDepth: MAX_DEPTH, what: "line" });
  return parsed.ok ? toWish(parsed.value) : parsed;
};

/**
 * Makes the reader of lines of CSV (RFC 4180, without line breaks in quotes) from the header.
 * Columns of other names are not looked at; these may stand there once each. An empty cell of
 * `at` or `replace` is none.
 */
export function csvReader(header: Line): Result<ReadOutcome, LineProblem> {
  if (header instanceof UnreadableRow) return unreadableCsv(header);
  const names = cellsOf(header).map((name) => name.trim());
  const twice = COLUMNS.find((column) => names.indexOf(column) < names.lastIndexOf(column));
  if (twice !== undefined) return wrong(`column '${twice}' stands in the header more than once`);
  const places = new Map<Column, number>();
  for (const column of COLUMNS) {
    if (names.includes(column)) places.set(column, names.indexOf(column));
  }
  if (!places.has("prediction_id") || !places.has("value")) {
    return wrong("the first line of CSV must be a header with prediction_id and value");
  }
  return ok((line) => {
    if (line instanceof UnreadableRow) return unreadableCsv(line);
    const cells = cellsOf(line);
    if (cells.length !== names.length) {
      return wrong(`the line has ${cells.length} cells where the header has ${names.length}`);
    }
    const cell = (column: Column) => cells[places.get(column) ?? -1]?.trim();
    const [at, replace] = [cell("at"), cell("replace")];
    return toWish({
      prediction_id: cell("prediction_id"),
      value: cell("value"),
      ...(at === undefined || at === "" ? {} : { at }),
      ...(replace === undefined || replace === "" ? {} : { replace: truthOf(replace) }),
    });
  });
}

/** What is neither stays text, and is refused as such. */
const truthOf = (text: string): unknown =>
  text === "true" ? true : text === "false" ? false : text;

const cellsOf = (line: string): readonly string[] =>
  Papa.parse<string[]>(line.replace(/\r$/, ""), { delimiter: "," }).data[0] ?? [];

function toWish(value: unknown): Result<OutcomeWish, LineProblem> {
  const checked = checkAgainst(outcomeLineSchema, value, "line");
  if (!checked.ok) return fail({ reason: checked.failure.reason, detail: checked.failure.detail });
  const { prediction_id: id, at, ...rest } = checked.value;
  return ok({ id, ...rest, at: at && new Date(at).toISOString() });
}

const unreadable = ({ code, what }: UnreadableRow) =>
  fail({ reason: code, detail: `the line ${what}` });

/** The cutter of lines speaks of JSON, in which most of them are. */
const unreadableCsv = ({ code, what }: UnreadableRow) => {
  const told = what.replace("is not valid JSON: it is", "is");
  return told === what
    ? fail({ reason: code, detail: `the line ${what}` })
    : wrong(`the line ${told}`);
};

const wrong = (detail: string) => fail({ reason: "invalid_request", detail });
