import { createReadStream, statSync } from "node:fs";
import { extname } from "node:path";
import type { Readable } from "node:stream";
import { parse } from "csv-parse";
import { parseOrUndefined } from "../../client/problem.ts";
import { type Context, unreadable } from "../../context.ts";
import { usageFailure } from "../../failure.ts";
import { splitLines } from "./split-lines.ts";

/** One row of a file, on its way to the server. */
export interface FileRow {
  /** As a line of JSON. */
  readonly line: string;
  /** Its cells, where the file is a table. */
  readonly cells?: readonly string[];
}

/** A file of rows, read while they are sent. */
export interface RowsFile {
  readonly form: "csv" | "json" | "ndjson";
  readonly totalBytes: number;
  /** So far. */
  bytesRead(): number;
  /** Of a table, known once the first row was read. */
  header(): readonly string[] | undefined;
  rows(): AsyncIterable<FileRow>;
}

const FORMS: Readonly<Record<string, RowsFile["form"]>> = {
  ".csv": "csv",
  ".json": "json",
  ".ndjson": "ndjson",
  ".jsonl": "ndjson",
};

/** The form that a file's name says. @throws CliFailure */
export function formOf(path: string): RowsFile["form"] {
  const form = FORMS[extname(path).toLowerCase()];
  if (form !== undefined) return form;
  throw usageFailure(`${path}: its name must end in .csv, .json, .ndjson or .jsonl`);
}

/**
 * Opens a file of rows. CSV and lines are read as they are sent; a JSON file is read whole.
 * @param given as the user wrote it
 * @throws CliFailure when it cannot be read
 */
export function openRowsFile({ pathOf }: Pick<Context, "pathOf">, given: string): RowsFile {
  const form = formOf(given);
  const path = pathOf(given);
  const size = sizeOf(given, path);
  const bytes = createReadStream(path);
  let header: readonly string[] | undefined;
  return {
    form,
    totalBytes: size,
    bytesRead: () => bytes.bytesRead,
    header: () => header,
    rows() {
      if (form === "csv") {
        return tableRows(bytes, path, (names) => {
          header = names;
        });
      }
      return form === "ndjson" ? lineRows(bytes) : documentRows(bytes, path);
    },
  };
}

function sizeOf(given: string, path: string): number {
  try {
    return statSync(path).size;
  } catch (error) {
    throw unreadable(given, error);
  }
}

async function* tableRows(
  bytes: Readable,
  path: string,
  onHeader: (names: readonly string[]) => void,
): AsyncGenerator<FileRow, void, undefined> {
  const parser = parse({ bom: true, skip_empty_lines: true, relax_column_count: true });
  // What a broken pipe says, the parser says as well.
  bytes.on("error", (error) => parser.destroy(error)).pipe(parser);
  let names: readonly string[] | undefined;
  try {
    for await (const record of parser as AsyncIterable<string[]>) {
      if (names === undefined) {
        names = record.map((name) => name.trim());
        onHeader(names);
      } else yield { line: lineOf(names, record), cells: record };
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw usageFailure(`${path} is not CSV: ${message}`);
  }
}

/** A record of another length is no row: nobody can tell which cell is missing. */
function lineOf(names: readonly string[], record: readonly string[]): string {
  if (record.length !== names.length) {
    return JSON.stringify(`${record.length} cells under a header of ${names.length}`);
  }
  return JSON.stringify(Object.fromEntries(names.map((name, at) => [name, record[at]])));
}

async function* lineRows(bytes: Readable): AsyncGenerator<FileRow, void, undefined> {
  for await (const line of splitLines(bytes)) yield { line };
}

async function* documentRows(
  bytes: Readable,
  path: string,
): AsyncGenerator<FileRow, void, undefined> {
  const pieces: Buffer[] = [];
  for await (const piece of bytes) pieces.push(piece as Buffer);
  const value = parseOrUndefined(Buffer.concat(pieces).toString("utf8"));
  const rows = isRowsBody(value) ? value.rows : value;
  if (!Array.isArray(rows)) {
    throw usageFailure(
      `${path} is not an array of rows`,
      'Rows look like [{"petal length": 1.4, …}, …].',
    );
  }
  for (const row of rows) yield { line: JSON.stringify(row) };
}

const isRowsBody = (value: unknown): value is { readonly rows: unknown } =>
  typeof value === "object" && value !== null && "rows" in value;
