import { parseOrUndefined } from "../client/problem.ts";
import { type Context, STDIO } from "../context.ts";
import {
  type ExactNumber,
  exactNumber,
  isExactNumber,
  parseExactOrUndefined,
} from "../exact-json.ts";
import { usageFailure } from "../failure.ts";
import { decodeUtf8 } from "../utf8.ts";
import { knownFormOf, nameOf, namesOf, parseRows, type RowsFile } from "./file/read-rows.ts";
import { givenRows } from "./file/rows-of-document.ts";
import { splitRecord } from "./file/split-record.ts";

/** Rows as they were given, with their columns' names where those are known. */
export interface GivenRows {
  readonly rows: readonly (readonly Cell[])[];
  readonly columns?: readonly string[];
}

/** Text that rows or a request are read from. */
export interface GivenText {
  readonly form: RowsFile["form"];
  readonly text: string;
  /** A file or an option, for messages. */
  readonly from: string;
}

/** Numbers travel as they are; text is for models that take text. */
export type Cell = number | string | boolean | ExactNumber;

/** A whole request, passed on as it is. */
export interface WholeRequest {
  readonly inputs: readonly unknown[];
}

export type Given = GivenRows | WholeRequest;

/** Reads an option's text, or a file's of the form that its name says: JSON where it says none. @throws CliFailure */
export function readText(
  context: Pick<Context, "readBytes">,
  file: string | undefined,
  input: string | undefined,
): GivenText {
  if (input !== undefined) return { form: "json", text: input, from: "--input" };
  const from = file ?? "";
  return {
    form: knownFormOf(from) ?? "json",
    text: decodeUtf8(context.readBytes(from), from),
    from,
  };
}

/**
 * As `readText`, of stdin as well, which is JSON or a row a line unless `format` tells.
 * @param format the form, whatever the file's name says
 * @throws CliFailure
 */
export async function readGivenText(
  context: Pick<Context, "readBytes" | "input">,
  file: string | undefined,
  input: string | undefined,
  format: RowsFile["form"] | undefined,
): Promise<GivenText> {
  if (file !== STDIO) {
    const read = readText(context, file, input);
    return format === undefined || input !== undefined ? read : { ...read, form: format };
  }
  const pieces: Uint8Array[] = [];
  for await (const piece of context.input()) pieces.push(piece);
  const from = nameOf(file);
  const text = decodeUtf8(Buffer.concat(pieces), from);
  const form = format ?? (parseOrUndefined(text) === undefined ? "ndjson" : "json");
  return { form, text, from };
}

/** Rows for the inputs of a model by their place or their name. @throws CliFailure that says what is taken */
export function readGiven({ form, text, from }: GivenText): Given {
  if (form === "csv") return readCsv(text, from);
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return readValue(readJson({ text: form === "json" ? text : `[${lines.join(",")}]`, from }), from);
}

const TAKEN = 'Rows look like [[5.1, 3.5, 1.4, 0.2], …] or [{"petal length": 1.4, …}, …].';

/** @throws CliFailure when it is no JSON */
export function readJson({ text, from }: Pick<GivenText, "text" | "from">): unknown {
  const value = parseRows(text, from);
  if (value === undefined) throw usageFailure(`${from} is not JSON`, TAKEN);
  return value;
}

export const isWhole = (value: unknown): value is WholeRequest =>
  isObject(value) && Array.isArray(value.inputs);

/** Rows of JSON: one alone, a list of them, `{"rows": […]}` or `{"columns": {…}}`. @throws CliFailure */
export function listRows(value: unknown, from: string): readonly unknown[] {
  const isOne = Array.isArray(value) && value.length > 0 && value.every(isCell);
  return (isOne ? undefined : givenRows(value, from)) ?? [value];
}

/** Whether rows are numbers and texts alone, which go into tensors by their places or their names. */
export function areFlat({ form, text, from }: GivenText): boolean {
  if (form === "csv") return true;
  const lines = form === "json" ? [text] : text.split("\n").filter((line) => line.trim() !== "");
  return lines
    .flatMap((line) => listRows(parseExactOrUndefined(line), from))
    .every((row) => (isObject(row) ? Object.values(row).every(isCell) : isRow(row)));
}

function readValue(value: unknown, from: string): Given {
  if (isWhole(value)) return value;
  const list = listRows(value, from);
  if (list.length > 0 && list.every(isRow)) return { rows: list };
  if (list.length > 0 && list.every(isObject)) return readObjects(list, from);
  throw usageFailure(`${from} is neither rows nor a request`, TAKEN);
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isCell = (value: unknown): value is Cell =>
  typeof value === "number" ||
  typeof value === "string" ||
  typeof value === "boolean" ||
  isExactNumber(value);
const isRow = (value: unknown): value is readonly Cell[] =>
  Array.isArray(value) && value.every(isCell);

function readObjects(list: readonly Readonly<Record<string, unknown>>[], from: string): GivenRows {
  const columns = Object.keys(list[0] ?? {});
  if (columns.length === 0) throw usageFailure(`${from}: the first row is empty`, TAKEN);
  const rows = list.map((row, index) =>
    columns.map((column) => {
      const cell = row[column];
      if (isCell(cell)) return cell;
      throw usageFailure(`${from}: row ${index + 1} has no number or text for '${column}'`, TAKEN);
    }),
  );
  return { rows, columns };
}

/** Commas, optional double quotes (RFC 4180), a header where the first line is not all numbers. */
function readCsv(text: string, from: string): GivenRows {
  const lines = text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "")
    .map(splitRecord);
  const [first, ...rest] = lines;
  if (first === undefined) throw usageFailure("the file has no rows");
  const hasHeader = first.some((cell) => cell.trim() !== "" && Number.isNaN(Number(cell)));
  const rows = (hasHeader ? rest : lines).map((cells) => cells.map(cellOf));
  return hasHeader ? { rows, columns: namesOf(first, from) } : { rows };
}

/** An empty cell is a missing number. */
function cellOf(text: string): Cell {
  const trimmed = text.trim();
  if (trimmed === "") return "NaN";
  const number = exactNumber(trimmed);
  return Number.isNaN(number) ? trimmed : number;
}
