import { statSync } from "node:fs";
import type { Context } from "../../context.ts";
import { type CliFailure, usageFailure } from "../../failure.ts";
import { plural } from "../../output/units.ts";
import { type BegunResult, readBegun } from "./begun.ts";
import {
  type BegunNote,
  MARK_EVERY,
  type Mark,
  notePath,
  type ReadNote,
  readNote,
} from "./begun-note.ts";
import type { FileRow, RowsFile } from "./read-rows.ts";
import { ownCells } from "./result-table.ts";
import type { RowSource } from "./row-source.ts";

/** A file of results that is not whole, and what of it is good. */
export interface Begun extends BegunNote, Mark {
  readonly bytes: number;
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
  job: ResumeJob,
  input: RowsFile,
  source: RowSource,
): Promise<Begun | undefined> {
  const { partial } = job;
  // A run that was killed before its first answer leaves an empty one.
  if ((statSync(partial, { throwIfNoEntry: false })?.size ?? 0) === 0) {
    note(`${partial} has no rows: it begins with the first one`);
    return undefined;
  }
  const { note: begun, marks } = await noteFor(job);
  await source.hasMore();
  const good = await holdAgainst(job, marks, input, source);
  if (good === undefined) {
    note(
      `${partial} has no rows that are known to be of ${job.file}: it begins with the first one`,
    );
    return undefined;
  }
  note(`goes on after ${plural(good.rows, "row")}, with ${begun.model}@${begun.version}`);
  return { ...begun, ...good };
}

type Good = Omit<Begun, keyof BegunNote>;

/** The results that are of these very rows; those behind the last mark may be of others. */
async function holdAgainst(
  job: ResumeJob,
  marks: ReadonlyMap<number, string>,
  input: RowsFile,
  source: RowSource,
): Promise<Good | undefined> {
  const { partial, form } = job;
  const results = readBegun(partial, form);
  try {
    return await holdResults(job, results, { marks, input, source });
  } finally {
    await results.return();
  }
}

async function holdResults(
  job: ResumeJob,
  results: ReturnType<typeof readBegun>,
  { marks, input, source }: Pick<Holding, "marks" | "source"> & { readonly input: RowsFile },
): Promise<Good | undefined> {
  const { partial, file, form } = job;
  const header = form === "csv" ? (input.header() ?? []) : [];
  let titles: readonly string[] | undefined;
  if (form === "csv") {
    const { value } = await results.next();
    if (value === undefined) return undefined;
    const { record = [] } = value;
    titles = record.slice(header.length);
    if (!isSame(record.slice(0, header.length), header)) {
      throw otherRows(partial, file, "its header differs");
    }
    // A table in which no row was answered has not the columns of an answer yet.
    if (titles.length <= EMPTY_TITLES) return undefined;
  }
  const good = await passOver(job, { marks, header, results, source });
  return good.rows === 0 ? undefined : { ...good, ...(titles === undefined ? {} : { titles }) };
}

interface Holding {
  readonly marks: ReadonlyMap<number, string>;
  /** Of the rows' own cells in the results; empty where results have none. */
  readonly header: readonly string[];
  readonly results: AsyncIterable<BegunResult>;
  readonly source: RowSource;
}

async function passOver(
  { partial, file }: ResumeJob,
  { marks, header, results, source }: Holding,
): Promise<Good> {
  let [rows, failed] = [0, 0];
  let good: Good = { bytes: 0, rows, failed, digest: source.digest };
  let unmarked: FileRow[] = [];
  for await (const { end: bytes, record = [], isOk } of results) {
    const row = await source.pass();
    if (row === undefined) throw otherRows(partial, file, `it has ${plural(rows, "row")}`);
    if (!isSame(record.slice(0, header.length), ownCells(header, row.cells))) {
      throw otherRows(partial, file, `row ${rows} differs`);
    }
    rows += 1;
    failed += isOk ? 0 : 1;
    unmarked.push(row);
    const { digest } = source;
    const mark = marks.get(rows) ?? (header.length > 0 ? digest : undefined);
    if (mark === digest) {
      good = { bytes, rows, failed, digest };
      unmarked = [];
    } else if (mark !== undefined) {
      throw otherRows(partial, file, `one of its rows ${good.rows} to ${rows - 1} differs`);
    } else if (unmarked.length > MARK_EVERY) {
      throw usageFailure(`${notePath(partial)} does not say which rows ${partial} is of`, ANEW);
    }
  }
  source.putBack(unmarked, good.digest);
  return good;
}

/** What made the results that are left. @throws CliFailure when that is not what is asked now */
async function noteFor({ partial, word }: ResumeJob): Promise<ReadNote> {
  const read = await readNote(partial);
  if (read === undefined) {
    throw usageFailure(`${notePath(partial)} does not say what ${partial} was made by`, ANEW);
  }
  const made = `${read.note.model}@${read.note.version}`;
  if (word === read.note.word || word === made) return read;
  throw usageFailure(`${partial} was made by ${made}, asked as '${read.note.word}'`, ANEW);
}

const otherRows = (partial: string, file: string, what: string): CliFailure =>
  usageFailure(`${partial} is not of ${file}: ${what}`, ANEW);

/** `prediction_id` and `error`. */
const EMPTY_TITLES = 2;

const isSame = (a: readonly string[] = [], b: readonly string[]): boolean =>
  a.length === b.length && a.every((cell, at) => cell === b[at]);
