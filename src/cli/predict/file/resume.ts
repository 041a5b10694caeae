import { statSync } from "node:fs";
import type { Context } from "../../context.ts";
import { type CliFailure, usageFailure } from "../../failure.ts";
import { plural } from "../../output/units.ts";
import { type BegunNote, type BegunResult, readBegun, readNote } from "./begun.ts";
import type { RowsFile } from "./read-rows.ts";
import { ownCells } from "./result-table.ts";
import type { RowSource } from "./row-source.ts";

/** A file of results that is not whole, and what of it is good. */
export interface Begun extends BegunNote {
  readonly bytes: number;
  readonly rows: number;
  readonly failed: number;
  /** Of a table: the columns after the rows' own. */
  readonly titles?: readonly string[];
}

export interface ResumeJob {
  readonly word: string;
  readonly file: string;
  readonly partial: string;
  readonly form: RowsFile["form"];
}

const ANEW = "Without --resume it begins anew.";

/**
 * Looks at what an earlier run left, holds it against the rows and passes over those that have
 * their result. Reads both files up to there; memory stays the same for any size.
 * @returns `undefined` where nothing is left that could be gone on with
 * @throws CliFailure when it is of another model, or of other rows
 */
export async function resume(
  { note }: Pick<Context, "note">,
  { word, file, partial, form }: ResumeJob,
  input: RowsFile,
  source: RowSource,
): Promise<Begun | undefined> {
  // A run that was killed before its first answer leaves an empty one.
  if ((statSync(partial, { throwIfNoEntry: false })?.size ?? 0) === 0) {
    note(`${partial} has no rows: it begins with the first one`);
    return undefined;
  }
  const begun = await noteFor(partial, word);
  await source.hasMore();
  const width = input.header()?.length ?? 0;
  let titles: readonly string[] | undefined;
  let [bytes, rows, failed] = [0, 0, 0];
  for await (const result of readBegun(partial, form)) {
    bytes = result.end;
    if (form === "csv" && titles === undefined) {
      const { record = [] } = result;
      titles = record.slice(width);
      if (!isSame(record.slice(0, width), input.header() ?? [])) {
        throw otherRows(partial, file, "its header");
      }
      // A table in which no row was answered has not the columns of an answer yet.
      if (titles.length <= EMPTY_TITLES) return undefined;
      continue;
    }
    if (!(await passOver(source, input, result))) throw otherRows(partial, file, `row ${rows}`);
    rows += 1;
    if (!result.isOk) failed += 1;
  }
  if (rows === 0) return undefined;
  note(`goes on after ${plural(rows, "row")}, with ${begun.model}@${begun.version}`);
  return { ...begun, bytes, rows, failed, ...(titles === undefined ? {} : { titles }) };
}

/** What made the results that are left. @throws CliFailure when that is not what is asked now */
async function noteFor(partial: string, word: string): Promise<BegunNote> {
  const begun = await readNote(partial);
  if (begun === undefined) {
    throw usageFailure(`${partial}.json does not say what ${partial} was made by`, ANEW);
  }
  const made = `${begun.model}@${begun.version}`;
  if (word === begun.word || word === made) return begun;
  throw usageFailure(`${partial} was made by ${made}, asked as '${begun.word}'`, ANEW);
}

const otherRows = (partial: string, file: string, what: string): CliFailure =>
  usageFailure(`${partial} is not of ${file}: ${what} differs`, ANEW);

/** `prediction_id` and `error`. */
const EMPTY_TITLES = 2;

/** Whether a result may be the next row's: of a table it has the row's own cells. */
async function passOver(
  source: RowSource,
  input: RowsFile,
  { record }: BegunResult,
): Promise<boolean> {
  const row = await source.pass();
  if (row === undefined || record === undefined) return row !== undefined;
  const own = ownCells(input.header(), row.cells);
  return isSame(record.slice(0, own.length), own);
}

const isSame = (a: readonly string[] = [], b: readonly string[]): boolean =>
  a.length === b.length && a.every((cell, at) => cell === b[at]);
