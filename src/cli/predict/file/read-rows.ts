import { createReadStream, statSync } from "node:fs";
import { extname } from "node:path";
import { Readable } from "node:stream";
import { parse } from "csv-parse";
import { type Context, STDIO, unreadable } from "../../context.ts";
import { parseExactOrUndefined } from "../../exact-json.ts";
import { CliFailure, usageFailure } from "../../failure.ts";
import { printable } from "../../output/style.ts";
import { plural } from "../../output/units.ts";
import { decodeUtf8, utf8Pieces } from "../../utf8.ts";
import { rowsOfDocument } from "./rows-of-document.ts";
import { splitLines } from "./split-lines.ts";

/** One row of a file, on its way to the server. */
export interface FileRow {
  /** As a line of JSON. */
  readonly line: string;
  /** Its cells, where the file is a table. */
  readonly cells?: readonly string[];
}

/** Rows that are read while they are used. */
export interface GivenRows {
  readonly form: "csv" | "json" | "ndjson";
  /** Of a table, known once the first row was read. */
  header(): readonly string[] | undefined;
  rows(): AsyncIterable<FileRow>;
}

/** A file of rows, read while they are sent. */
export interface RowsFile extends GivenRows {
  /** 0 where it is not known. */
  readonly totalBytes: number;
  /** So far. */
  bytesRead(): number;
}

const FORMS: Readonly<Record<string, RowsFile["form"]>> = {
  ".csv": "csv",
  ".json": "json",
  ".ndjson": "ndjson",
  ".jsonl": "ndjson",
};

/** The form that a file's name says, if it says one. */
export const knownFormOf = (path: string): RowsFile["form"] | undefined =>
  FORMS[extname(path).toLowerCase()];

/** The form that a file's name says. @throws CliFailure */
export function formOf(path: string): RowsFile["form"] {
  const form = knownFormOf(path);
  if (form !== undefined) return form;
  throw usageFailure(`${path}: its name must end in .csv, .json, .ndjson or .jsonl`);
}

/**
 * Opens a file of rows, or stdin. CSV and lines are read as they are sent; JSON is read whole.
 * @param given as the user wrote it
 * @param format the form, whatever the name says; of stdin lines of JSON unless it is told
 * @throws CliFailure when it cannot be read
 */
export function openRowsFile(
  context: Pick<Context, "pathOf" | "input">,
  given: string,
  format?: RowsFile["form"],
): RowsFile {
  const form = format ?? (given === STDIO ? "ndjson" : formOf(given));
  const { bytes, ...size } = openBytes(context, given);
  return { ...readRows(form, bytes, nameOf(given)), ...size };
}

/** What messages call a file. */
export const nameOf = (given: string): string => (given === STDIO ? "stdin" : given);

/** The bytes of a file, or of stdin, and how many there are, where that is known: else 0. @throws CliFailure */
function openBytes({ pathOf, input }: Pick<Context, "pathOf" | "input">, given: string) {
  if (given === STDIO) return { bytes: input(), totalBytes: 0, bytesRead: () => 0 };
  const path = pathOf(given);
  const totalBytes = sizeOf(given, path);
  const bytes = createReadStream(path);
  return { bytes, totalBytes, bytesRead: () => bytes.bytesRead };
}

/**
 * Reads rows of one form. What is not UTF-8, and a header with a name twice, is refused as the
 * server refuses it.
 * @param given whose bytes they are, for messages
 */
export function readRows(
  form: RowsFile["form"],
  bytes: AsyncIterable<Uint8Array>,
  given: string,
): GivenRows {
  let header: readonly string[] | undefined;
  return {
    form,
    header: () => header,
    rows() {
      if (form === "csv") {
        return tableRows(bytes, given, (names) => {
          header = names;
        });
      }
      return form === "ndjson" ? lineRows(bytes, given) : documentRows(bytes, given);
    },
  };
}

/** Why a table's row cannot be told apart into cells; `undefined` where it can. */
export function misfitOf(
  header: readonly string[] | undefined,
  cells: readonly string[] | undefined,
): string | undefined {
  if (header === undefined || cells === undefined || cells.length === header.length)
    return undefined;
  return `has ${plural(cells.length, "cell")}, the header has ${header.length}`;
}

function sizeOf(given: string, path: string): number {
  try {
    return statSync(path).size;
  } catch (error) {
    throw unreadable(given, error);
  }
}

async function* tableRows(
  bytes: AsyncIterable<Uint8Array>,
  given: string,
  onHeader: (names: readonly string[]) => void,
): AsyncGenerator<FileRow, void, undefined> {
  const parser = parse({ bom: true, skip_empty_lines: true, relax_column_count: true });
  const checked = Readable.from(utf8Pieces(bytes, given));
  // What a broken pipe says, the parser says as well.
  checked.on("error", (error) => parser.destroy(error)).pipe(parser);
  let names: readonly string[] | undefined;
  try {
    for await (const record of parser as AsyncIterable<string[]>) {
      if (names === undefined) {
        names = namesOf(record, given);
        onHeader(names);
      } else yield { line: lineOf(names, record), cells: record };
    }
  } catch (error) {
    if (error instanceof CliFailure) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw usageFailure(`${given} is not CSV: ${message}`);
  }
}

/** Of two columns of a name nobody can tell which one is meant. */
export function namesOf(record: readonly string[], given: string): readonly string[] {
  const names = record.map((name) => name.trim());
  const twice = names.find((name, at) => names.indexOf(name) < at);
  if (twice === undefined) return names;
  throw usageFailure(
    `${given}: column '${printable(twice.slice(0, 60))}' stands in the header more than once`,
    "Give each column a name of its own.",
  );
}

/** A record of another length is no row: nobody can tell which cell is missing. */
function lineOf(names: readonly string[], record: readonly string[]): string {
  if (record.length !== names.length) {
    return JSON.stringify(`${record.length} cells under a header of ${names.length}`);
  }
  return JSON.stringify(Object.fromEntries(names.map((name, at) => [name, record[at]])));
}

async function* lineRows(
  bytes: AsyncIterable<Uint8Array>,
  given: string,
): AsyncGenerator<FileRow, void, undefined> {
  for await (const line of splitLines(utf8Pieces(bytes, given))) yield { line };
}

async function* documentRows(
  bytes: AsyncIterable<Uint8Array>,
  given: string,
): AsyncGenerator<FileRow, void, undefined> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bytes) pieces.push(piece);
  const value = parseRows(decodeUtf8(Buffer.concat(pieces), given), given);
  for (const row of rowsOfDocument(value, given)) yield { line: JSON.stringify(row) };
}

/** Parses JSON; `undefined` for what is none. @throws CliFailure for a number that would be sent as `null` */
export function parseRows(text: string, given: string): unknown {
  const value = parseExactOrUndefined(text);
  if (value === undefined || !MAYBE_ENDLESS.test(text)) return value;
  JSON.parse(text, (_name, one) => {
    if (one !== Number.POSITIVE_INFINITY && one !== Number.NEGATIVE_INFINITY) return one;
    throw usageFailure(`${given} has a number that is past what a number holds, some 1.8e308`);
  });
  return value;
}

/** Without an exponent of three digits or three hundred digits no number is past 1.8e308. */
const MAYBE_ENDLESS = /[eE]\+?0*\d{3}|\d{300}/;
