import { basename } from "node:path";
import { modelPath } from "../../arguments.ts";
import type { Context } from "../../context.ts";
import { parseExact } from "../../exact-json.ts";
import { EXIT } from "../../exit-codes.ts";
import { CliFailure, usageFailure } from "../../failure.ts";
import { type RowsProgress, startRowsProgress } from "../../output/progress.ts";
import { addMark, MARK_EVERY, removeNote, writeNote } from "./begun-note.ts";
import { type Destination, openDestination, stoppedAfter } from "./destination.ts";
import {
  type Answering,
  brokenAfter,
  type FileJob,
  type FileSummary,
  summaryOf,
  type Tally,
} from "./file-summary.ts";
import { misfitOf, nameOf, openRowsFile, type RowsFile } from "./read-rows.ts";
import { failedResult, type Result, resultSchema } from "./result.ts";
import { type Begun, resume } from "./resume.ts";
import { RowSource } from "./row-source.ts";
import { splitLines } from "./split-lines.ts";
import { createResultsFile, createResultsPipe, type ResultsFile } from "./write-results.ts";

interface Running {
  readonly context: Context;
  readonly job: FileJob;
  /** `undefined`: results go to stdout. */
  readonly partial: string | undefined;
  readonly input: RowsFile;
  readonly source: RowSource;
  readonly results: ResultsFile;
  readonly tally: Tally;
  readonly progress: RowsProgress;
}

const SHOWN_ERRORS = 5;

/**
 * Sends a file of rows in one request after the other and writes what comes back while it comes:
 * memory stays the same for any size. Every request asks the version that answered the first.
 * @throws CliFailure when a request is refused or breaks; what was answered before is kept
 */
export async function predictFile(context: Context, job: FileJob): Promise<FileSummary> {
  const input = openRowsFile(context, job.file, job.format);
  const to = openDestination(context, job, input.form);
  try {
    return await predictInto(to, context, job, input);
  } finally {
    to.release();
  }
}

async function predictInto(
  to: Destination,
  context: Context,
  job: FileJob,
  input: RowsFile,
): Promise<FileSummary> {
  const startedMs = Date.now();
  const partial = to.file?.partial;
  const source = new RowSource(input.rows());
  const begun = await begin(to, context, job, input, source);
  const tally: Tally = {
    rows: begun?.rows ?? 0,
    digest: begun?.digest ?? "",
    failed: begun?.failed ?? 0,
    unrecorded: 0,
    errors: [],
    renamed: new Map(),
  };
  const onRenamed = (from: string, to: string) => {
    tally.renamed.set(from, to);
    context.note(`${nameOf(job.file)} has a column '${from}' already: the answer's is '${to}'`);
  };
  const options = { form: to.form, begun, header: input.header, onRenamed };
  const results =
    to.file === undefined
      ? createResultsPipe(context.send, options)
      : createResultsFile(to.file.path, options);
  const progress = startRowsProgress(basename(job.file), input.totalBytes, context.isWatched);
  const running = { context, job, partial, input, source, results, tally, progress };
  const letGo = context.onStop(() => {
    progress.stop();
    to.release();
    context.note(stoppedAfter(tally, to));
  });
  try {
    const answering = await sendAll(running, begun);
    await results.close();
    return summaryOf(job, answering, tally, { begun, startedMs });
  } catch (error) {
    const left = await results.abandon();
    // All that was answered is written: it is gone on with to the row.
    if (left !== undefined) await addMark(left, tally).catch(() => undefined);
    await source.close().catch(() => undefined);
    throw left === undefined ? error : brokenAfter(error, tally.rows, left);
  } finally {
    letGo();
    progress.stop();
  }
}

/** What an earlier run left, where that is gone on with; else nothing of it is left that could be. */
async function begin(
  { file, form }: Destination,
  context: Context,
  job: FileJob,
  input: RowsFile,
  source: RowSource,
): Promise<Begun | undefined> {
  if (file === undefined) return undefined;
  const { partial } = file;
  const begun = job.resumes
    ? await resume(context, { word: job.word, file: job.file, partial, form }, input, source)
    : undefined;
  await (begun === undefined ? removeNote(partial) : writeNote(partial, begun, begun));
  return begun;
}

async function sendAll(running: Running, begun: Begun | undefined): Promise<Answering> {
  const { source, job, input } = running;
  const first = await source.peek();
  const given = nameOf(job.file);
  if (first === undefined && begun === undefined) throw usageFailure(`${given} has no rows`);
  const misfit = begun === undefined ? misfitOf(input.header(), first?.cells) : undefined;
  if (misfit !== undefined) throw usageFailure(`${given}: the first row ${misfit}`);
  const { word, requestRows } = job;
  let answering: Answering | undefined = begun;
  while (await source.hasMore()) {
    const asked = answering === undefined ? word : `${answering.model}@${answering.version}`;
    answering = await sendSome(running, asked, requestRows);
  }
  return answering as Answering;
}

async function sendSome(running: Running, asked: string, maxRows: number): Promise<Answering> {
  const { context, input, source, tally } = running;
  const query = {
    offset: tally.rows === 0 ? undefined : String(tally.rows),
    ...(input.form === "csv" ? { unknown: "ignore", values: "text" } : {}),
  };
  const answer = await context.api.stream(
    modelPath(asked, "predict"),
    query,
    "application/x-ndjson",
    source.take(maxRows),
  );
  const header = (name: string) => String(answer.headers[name] ?? "");
  const answering = { model: header("x-freshet-model"), version: header("x-freshet-version") };
  for await (const line of splitLines(answer.pieces)) {
    // Who goes on after a break asks the same version.
    if (tally.rows === 0 && running.partial !== undefined) {
      await writeNote(running.partial, { word: asked, ...answering });
    }
    await take(running, line);
  }
  if (tally.rows !== source.sent) {
    throw brokenOff(`${source.sent - tally.rows} rows came back without an answer`);
  }
  return answering;
}

async function take(
  { input, source, results, tally, progress, partial }: Running,
  line: string,
): Promise<void> {
  const told = readResult(line);
  if (told.final === true) throw brokenOff(told.error?.detail ?? "the server gave up");
  const { cells, digest = tally.digest } = source.answer() ?? {};
  // The server was sent no row, and does not know that it is one of a table.
  const misfit = misfitOf(input.header(), cells);
  const result = misfit === undefined ? told : failedResult(tally.rows, misfit);
  await results.add(result, misfit === undefined ? line : JSON.stringify(result), cells);
  if (!result.ok) {
    tally.failed += 1;
    const { code = "", detail = "" } = result.error ?? {};
    if (tally.errors.length < SHOWN_ERRORS) tally.errors.push({ row: tally.rows, code, detail });
  }
  if (result.recorded === false) tally.unrecorded += 1;
  tally.rows += 1;
  tally.digest = digest;
  if (tally.rows % MARK_EVERY !== 0) return;
  if (partial !== undefined) await addMark(partial, tally);
  progress.read(input.bytesRead(), tally.rows, tally.failed);
}

function readResult(line: string): Result {
  try {
    return resultSchema.parse(parseExact(line));
  } catch {
    throw brokenOff("a line of the answer is no result");
  }
}

const brokenOff = (detail: string): CliFailure =>
  new CliFailure(EXIT.refused, detail, { code: "stream_broken", hint: "Run it again." });
