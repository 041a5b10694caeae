import Papa from "papaparse";
import { firstBadByte } from "../../core/model/first-bad-byte.ts";
import { fail, ok, type Result } from "../../core/model/result.ts";
import type { Bytes } from "../../core/model/tensor.ts";
import { separatorHint } from "../../core/predict/rows/separator-hint.ts";

/** A header and the records below it, as text. */
export interface Csv {
  readonly header: readonly string[];
  readonly records: readonly (readonly string[])[];
}

export interface CsvFailure {
  readonly reason: "invalid_csv";
  readonly detail: string;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

/**
 * Parses CSV (RFC 4180) in UTF-8: commas, double quotes, a header line first. Lines without a
 * character are skipped, names lose the space around them. Reads one record more than `maxRecords`
 * at most.
 */
export function parseCsv(bytes: Bytes, maxRecords: number): Result<Csv, CsvFailure> {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return invalid(`it is not UTF-8 at byte ${firstBadByte(bytes)}`);
  }
  const { data, errors } = EMPTY_CELL.test(text)
    ? parseEmptyCells(text, maxRecords + 2)
    : Papa.parse<string[]>(text, { ...COMMAS, skipEmptyLines: true, preview: maxRecords + 2 });
  const [wrong] = errors;
  if (wrong !== undefined) {
    const [header = ""] = text.split(/[\r\n]/, 1);
    const hint = separatorHint(header);
    return invalid(`record ${(wrong.row ?? 0) + 1}: ${wrong.message.toLowerCase()}${hint}`);
  }
  const [header, ...records] = data;
  if (header === undefined) return invalid("it is empty: the first line names the features");
  return ok({ header: header.map((name) => name.trim()), records });
}

const COMMAS = { delimiter: "," } as const;

/** A line that is an empty cell in quotes: so a table of one column is written where a value is missing. */
const EMPTY_CELL = /^""\r?$/m;

/** Lines without a character are cheap to send by the million, and each is a step. */
const MAX_EMPTY_LINES = 100_000;

type Parsed = Pick<Papa.ParseResult<string[]>, "data" | "errors">;

/** Papa's own skipping takes an empty cell for a line without a character; where a record begins tells them apart. */
function parseEmptyCells(text: string, maxRecords: number): Parsed {
  const data: string[][] = [];
  const errors: Papa.ParseError[] = [];
  let start = 0;
  let emptyLines = 0;
  Papa.parse<string[]>(text, {
    ...COMMAS,
    step({ data: cells, errors: wrong, meta }, parser) {
      const isEmpty = cells.length === 1 && cells[0] === "" && text[start] !== '"';
      start = meta.cursor;
      errors.push(...wrong.map((error) => ({ ...error, row: data.length })));
      if (isEmpty) emptyLines += 1;
      else data.push(cells);
      if (data.length >= maxRecords || emptyLines > MAX_EMPTY_LINES) parser.abort();
    },
  });
  if (emptyLines > MAX_EMPTY_LINES) {
    const message = `More than ${MAX_EMPTY_LINES} lines are empty`;
    errors.push({ type: "FieldMismatch", code: "TooFewFields", message, row: data.length });
  }
  return { data, errors };
}

const invalid = (what: string): Result<never, CsvFailure> =>
  fail({ reason: "invalid_csv", detail: `the body is not valid CSV: ${what}` });
