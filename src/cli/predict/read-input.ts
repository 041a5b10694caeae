import { parseOrUndefined } from "../client/problem.ts";
import type { Context } from "../context.ts";
import { usageFailure } from "../failure.ts";

/** Rows as they were given, with their columns' names where those are known. */
export interface GivenRows {
  readonly rows: readonly (readonly Cell[])[];
  readonly columns?: readonly string[];
}

/** Numbers travel as they are; text is for models that take text. */
export type Cell = number | string | boolean;

/** A whole request, passed on as it is. */
export interface WholeRequest {
  readonly inputs: readonly unknown[];
}

export type Given = GivenRows | WholeRequest;

/** @throws CliFailure that says what is taken */
export function readInput(
  context: Context,
  file: string | undefined,
  input: string | undefined,
): Given {
  if (input !== undefined) return readJson(input, "--input");
  const text = new TextDecoder().decode(context.readBytes(file ?? ""));
  return file?.toLowerCase().endsWith(".csv") ? readCsv(text) : readJson(text, file ?? "");
}

const TAKEN = 'Rows look like [[5.1, 3.5, 1.4, 0.2], …] or [{"petal length": 1.4, …}, …].';

function readJson(text: string, from: string): Given {
  const value = parseOrUndefined(text);
  if (value === undefined) throw usageFailure(`${from} is not JSON`, TAKEN);
  if (isObject(value) && Array.isArray(value.inputs)) return { ...value, inputs: value.inputs };
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length > 0 && list.every(isCell)) return { rows: [list] };
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
function readCsv(text: string): GivenRows {
  const lines = text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "")
    .map(splitLine);
  const [first, ...rest] = lines;
  if (first === undefined) throw usageFailure("the file has no rows");
  const hasHeader = first.some((cell) => cell.trim() !== "" && Number.isNaN(Number(cell)));
  const rows = (hasHeader ? rest : lines).map((cells) => cells.map(cellOf));
  return hasHeader ? { rows, columns: first.map((name) => name.trim()) } : { rows };
}

function splitLine(line: string): readonly string[] {
  // With a comma before each cell, an empty first one is found, too.
  return [...`,${line}`.matchAll(/,(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "",
  );
}

/** An empty cell is a missing number. */
function cellOf(text: string): Cell {
  const trimmed = text.trim();
  if (trimmed === "") return "NaN";
  const number = Number(trimmed);
  return Number.isNaN(number) ? trimmed : number;
}
