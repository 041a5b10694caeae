import { type Context, STDIO } from "../../context.ts";
import { usageFailure } from "../../failure.ts";
import { plural } from "../../output/units.ts";
import { notePath } from "./begun-note.ts";
import type { FileJob, Tally } from "./file-summary.ts";
import { lockOut } from "./out-lock.ts";
import { formOf, type RowsFile } from "./read-rows.ts";
import { isSameFile } from "./same-file.ts";
import { partialOf } from "./write-results.ts";

/** Where results go. */
export interface Destination {
  readonly form: RowsFile["form"];
  /** A file, and where it grows; `undefined`: stdout. */
  readonly file: { readonly path: string; readonly partial: string } | undefined;
  /** Lets others write there; harmless when called again. */
  release(): void;
}

/**
 * Takes the place where results go for this run.
 * @param rowsForm that of results on stdout
 * @throws CliFailure when they would be written over the rows, or another run writes there
 */
export function openDestination(
  { pathOf }: Pick<Context, "pathOf">,
  { file, out, resumes }: FileJob,
  rowsForm: RowsFile["form"],
): Destination {
  if (out === STDIO) {
    if (resumes) throw usageFailure("--resume goes on with a file, and --out - is stdout");
    return { form: rowsForm, file: undefined, release: () => undefined };
  }
  const form = formOf(out);
  const path = pathOf(out);
  const partial = partialOf(path);
  const isRows = (one: string) => file !== STDIO && isSameFile(one, pathOf(file));
  if ([path, partial, notePath(partial)].some(isRows)) {
    throw usageFailure(`--out ${out} is the file of the rows itself`, "Name another one.");
  }
  return { form, file: { path, partial }, release: lockOut(path) };
}

/** What a user who stops a run is told. */
export function stoppedAfter({ rows }: Pick<Tally, "rows">, { file }: Destination): string {
  const done = `stopped after ${plural(rows, "row")}`;
  return file === undefined || rows === 0
    ? done
    : `${done}: the same command with --resume goes on after those in ${file.partial}`;
}
