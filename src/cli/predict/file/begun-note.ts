import { appendFile, readFile, rename, rm, writeFile } from "node:fs/promises";
import { z } from "zod";
import { parseOrUndefined } from "../../client/problem.ts";
import { usageFailure } from "../../failure.ts";

const noteSchema = z.object({
  /** As the user named it. */
  word: z.string(),
  model: z.string(),
  version: z.string(),
});

/** What a file of results that is not whole yet was made by: it stands beside it until it is. */
export type BegunNote = z.output<typeof noteSchema>;

const markSchema = z.object({ rows: z.number(), digest: z.string() });

/** Which rows the first results of a file are of. */
export interface Mark {
  readonly rows: number;
  /** Of these rows, as `RowSource` has it. */
  readonly digest: string;
}

/** Rows between two marks: as many may be asked again after a process was killed. */
export const MARK_EVERY = 100;

/** The note is its first line, marks are the others. */
export const notePath = (partial: string): string => `${partial}.json`;

const lineOf = (value: BegunNote | Mark): string => `${JSON.stringify(value)}\n`;

/** Writes the note anew, as a whole. @throws CliFailure when it cannot be written */
export async function writeNote(
  partial: string,
  { word, model, version }: BegunNote,
  mark?: Mark,
): Promise<void> {
  const path = notePath(partial);
  const text = lineOf({ word, model, version }) + (mark === undefined ? "" : lineOf(mark));
  await told(
    path,
    writeFile(`${path}.new`, text).then(() => rename(`${path}.new`, path)),
  );
}

/** @throws CliFailure when it cannot be written */
export const addMark = (partial: string, { rows, digest }: Mark): Promise<void> =>
  told(notePath(partial), appendFile(notePath(partial), lineOf({ rows, digest })));

const told = (path: string, writing: Promise<void>): Promise<void> =>
  writing.catch((error: Error) => {
    throw usageFailure(`cannot write ${path}: ${error.message}`);
  });

export const removeNote = (partial: string): Promise<void> =>
  rm(notePath(partial), { force: true });

export interface ReadNote {
  readonly note: BegunNote;
  /** Digests by the number of rows. */
  readonly marks: ReadonlyMap<number, string>;
}

/** `undefined` where there is none, or none that can be read. A line that was cut is none. */
export async function readNote(partial: string): Promise<ReadNote | undefined> {
  const text = await readFile(notePath(partial), "utf8").catch(() => "");
  const [first = "", ...rest] = text.split("\n");
  const note = noteSchema.safeParse(parseOrUndefined(first));
  if (!note.success) return undefined;
  const marks = rest.flatMap((line) => {
    const mark = markSchema.safeParse(parseOrUndefined(line));
    return mark.success ? [[mark.data.rows, mark.data.digest] as const] : [];
  });
  return { note: note.data, marks: new Map(marks) };
}
