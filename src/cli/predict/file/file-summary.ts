import { CliFailure } from "../../failure.ts";
import { plural } from "../../output/units.ts";
import type { RowsFile } from "./read-rows.ts";
import type { Begun } from "./resume.ts";

/** A file of rows, and where its results go. */
export interface FileJob {
  /** `name` or `name@ref`, as the user wrote it. */
  readonly word: string;
  readonly file: string;
  /** `-`: stdout. */
  readonly out: string;
  /** Of the rows, whatever the file's name says. */
  readonly format?: RowsFile["form"] | undefined;
  /** Rows of one request. */
  readonly requestRows: number;
  /** Whether it goes on with what an earlier run left. */
  readonly resumes: boolean;
}

/** What became of a file of rows. */
export interface FileSummary {
  readonly model: string;
  readonly version: string;
  readonly rows: number;
  readonly answered: number;
  readonly failed: number;
  /** Answers of this run that have no record, as there was no room: their ids take no outcome. */
  readonly unrecorded?: number;
  /** Rows of those above that an earlier run had done. */
  readonly resumed?: number;
  /** Columns of results that have another name here, since the rows have their own one already. */
  readonly renamed_columns?: Readonly<Record<string, string>>;
  readonly out: string;
  readonly duration_ms: number;
  /** The first of this run that failed; rows count from 0, without the header. */
  readonly errors: readonly {
    readonly row: number;
    readonly code: string;
    readonly detail: string;
  }[];
}

/** What is known of the rows so far. */
export interface Tally {
  rows: number;
  /** Of the rows that were answered. */
  digest: string;
  failed: number;
  unrecorded: number;
  readonly errors: { row: number; code: string; detail: string }[];
  readonly renamed: Map<string, string>;
}

/** What answers the rows, all of them. */
export interface Answering {
  readonly model: string;
  readonly version: string;
}

/** What is told of a file once every row has its result. */
export function summaryOf(
  { out }: FileJob,
  { model, version }: Answering,
  { rows, failed, unrecorded, errors, renamed }: Tally,
  { begun, startedMs }: { readonly begun: Begun | undefined; readonly startedMs: number },
): FileSummary {
  return {
    model,
    version,
    rows,
    answered: rows - failed,
    failed,
    ...(unrecorded === 0 ? {} : { unrecorded }),
    ...(begun === undefined ? {} : { resumed: begun.rows }),
    ...(renamed.size === 0 ? {} : { renamed_columns: Object.fromEntries(renamed) }),
    out,
    duration_ms: Date.now() - startedMs,
    errors,
  };
}

/** What is done is not lost, and the user is told so beside what broke. */
export function brokenAfter(error: unknown, rows: number, partial: string): unknown {
  if (!(error instanceof CliFailure)) return error;
  const done = `${plural(rows, "row")} ${rows === 1 ? "was" : "were"} answered before it broke off: ${partial}`;
  const { hint, ...facts } = error.facts;
  const goOn = "The same command with --resume goes on after them.";
  return new CliFailure(error.exitCode, `${error.message}. ${done}`, {
    ...facts,
    hint: hint === undefined || error.facts.code === "stream_broken" ? goOn : `${hint} ${goOn}`,
  });
}
