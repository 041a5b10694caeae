import { whyInexact } from "../../../core/model/inexact-number.ts";
import { usageFailure } from "../../failure.ts";
import type { FileRow, RowsFile } from "../../predict/file/read-rows.ts";
import { readOutcome } from "./paths.ts";

/** Which column of a table is what; the others are features. */
export interface Columns {
  readonly id: string;
  readonly outcome: string | undefined;
  /** Features that are text even where a cell looks like a number. */
  readonly text: readonly string[];
  readonly replace: boolean;
}

/** One entity as a line of the server's, or why a row of the file is none. */
export type EntityLine =
  | { readonly row: number; readonly line: string }
  | { readonly row: number; readonly problem: string };

/** The entities of a file: a table's rows by its columns, other files' lines as they are. */
export async function* entityLines(
  input: RowsFile,
  columns: Columns,
): AsyncGenerator<EntityLine, void, undefined> {
  let row = 0;
  for await (const one of input.rows()) {
    row += 1;
    const header = input.header();
    if (header === undefined || one.cells === undefined) yield { row, line: one.line };
    else yield readRow(row, header, one.cells, columns);
  }
}

function readRow(
  row: number,
  header: readonly string[],
  cells: NonNullable<FileRow["cells"]>,
  { id, outcome, text, replace }: Columns,
): EntityLine {
  for (const name of [id, ...(outcome === undefined ? [] : [outcome]), ...text]) {
    if (!header.includes(name)) {
      throw usageFailure(`the file has no column '${name}'`, `Its columns: ${header.join(", ")}.`);
    }
  }
  if (cells.length !== header.length) {
    return { row, problem: `${cells.length} cells under a header of ${header.length}` };
  }
  const told = header.map((name, at) => [name, cells[at] ?? ""] as const);
  const cellOf = (name: string | undefined) => told.find(([one]) => one === name)?.[1] ?? "";
  const given = told.filter(([name]) => name !== id && name !== outcome);
  const features = given
    .filter(([, cell]) => cell.trim() !== "")
    .map(([name, cell]) => [name, text.includes(name) ? cell : featureOf(cell)] as const);
  const known = cellOf(outcome).trim();
  const problem = problemOf(given, text) ?? (known === "" ? undefined : wrongOutcome(known));
  if (problem !== undefined) return { row, problem };
  const entity = {
    id: cellOf(id).trim(),
    // A table of outcomes alone leaves the features as they are.
    ...(given.length === 0 ? {} : { features: Object.fromEntries(features) }),
    ...(known === "" ? {} : { state: "finished", outcome: readOutcome(known) }),
    ...(replace ? { replace } : {}),
  };
  return { row, line: JSON.stringify(entity) };
}

function problemOf(
  given: readonly (readonly [name: string, cell: string])[],
  text: readonly string[],
): string | undefined {
  for (const [name, cell] of given) {
    if (text.includes(name) || !NUMBER.test(cell.trim())) continue;
    const why = whyInexact(cell.trim());
    if (why !== undefined) return `'${name}' ${why} (--text ${name})`;
  }
  return undefined;
}

function wrongOutcome(known: string): string | undefined {
  const why = NUMBER.test(known) ? whyInexact(known) : undefined;
  return why === undefined ? undefined : `the outcome ${why}`;
}

// As JSON writes numbers: `007` is text.
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

const featureOf = (cell: string): string | number =>
  NUMBER.test(cell.trim()) ? Number(cell) : cell;
