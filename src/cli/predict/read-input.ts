import type { Context } from "../context.ts";
import { usageFailure } from "../failure.ts";
import { decodeUtf8 } from "../utf8.ts";
import { knownFormOf, namesOf, parseRows, type RowsFile } from "./file/read-rows.ts";
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
export type Cell = number | string | boolean;

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

/** @throws CliFailure that says what is taken */
export const readInput = (
  context: Context,
  file: string | undefined,
  input: string | undefined,
): Given => readGiven(readText(context, file, input));

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

/** Rows of JSON: one alone, a list of them, or `{"rows": […]}`. */
export function listRows(value: unknown): readonly unknown[] {
  if (isObject(value) && Array.isArray(value.rows)) return value.rows;
  const isList = Array.isArray(value) && (value.length === 0 || !value.every(isCell));
  return isList ? value : [value];
}

function readValue(value: unknown, from: string): Given {
  if (isWhole(value)) return value;
  const list = listRows(value);
  if (list.length > 0 && list.every(isRow)) return { rows: list };
  if (list.length > 0 && list.every(isObject)) return readObjects(list, from);
  throw usageFailure(`${from} is neither rows nor a request`, TAKEN);
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isCell = (value: unknown): value is Cell =>
  typeof value === "number" || typeof value === "string" || typeof value === "boolean";
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
  const number = Number(trimmed);
  return Number.isNaN(number) ? trimmed : number;
}
