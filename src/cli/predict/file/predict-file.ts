import { basename } from "node:path";
import { modelPath } from "../../arguments.ts";
import type { Context } from "../../context.ts";
import { EXIT } from "../../exit-codes.ts";
import { CliFailure } from "../../failure.ts";
import { type RowsProgress, startRowsProgress } from "../../output/progress.ts";
import { formOf, openRowsFile, type RowsFile } from "./read-rows.ts";
import { type Result, resultSchema } from "./result.ts";
import { RowSource } from "./row-source.ts";
import { splitLines } from "./split-lines.ts";
import { createResultsFile, type ResultsFile } from "./write-results.ts";

export interface FileJob {
  /** `name` or `name@ref`, as the user wrote it. */
  readonly word: string;
  readonly file: string;
  readonly out: string;
  /** Rows of one request. */
  readonly requestRows: number;
}

/** What became of a file of rows. */
export interface FileSummary {
  readonly model: string;
  readonly version: string;
  readonly rows: number;
  readonly answered: number;
  readonly failed: number;
  readonly out: string;
  readonly duration_ms: number;
  /** The first of those that failed; rows count from 0, without the header. */
  readonly errors: readonly {
    readonly row: number;
    readonly code: string;
    readonly detail: string;
  }[];
}

interface Tally {
  rows: number;
  failed: number;
  readonly errors: { row: number; code: string; detail: string }[];
}

interface Running {
  readonly context: Context;
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
  const startedMs = Date.now();
  const outForm = formOf(job.out);
  const input = openRowsFile(context, job.file);
  const source = new RowSource(input.rows());
  const results = createResultsFile(context.pathOf(job.out), outForm, input.header);
  const progress = startRowsProgress(basename(job.file), input.totalBytes, context.isWatched);
  const tally: Tally = { rows: 0, failed: 0, errors: [] };
  const running: Running = { context, input, source, results, tally, progress };
  try {
    const { model, version } = await sendAll(running, job);
    await results.close();
    const { rows, failed, errors } = tally;
    const duration_ms = Date.now() - startedMs;
    return {
      model,
      version,
      rows,
      answered: rows - failed,
      failed,
      out: job.out,
      duration_ms,
      errors,
    };
  } catch (error) {
    const partial = await results.abandon();
    await source.close().catch(() => undefined);
    if (partial !== undefined)
      context.note(`${tally.rows} rows were answered before it broke off: ${partial}`);
    throw error;
  } finally {
    progress.stop();
  }
}

interface Answering {
  readonly model: string;
  readonly version: string;
}

async function sendAll(running: Running, { word, file, requestRows }: FileJob): Promise<Answering> {
  if (!(await running.source.hasMore())) {
    throw new CliFailure(EXIT.usage, `${file} has no rows`, { code: "usage" });
  }
  let answering = await sendSome(running, word, requestRows);
  while (await running.source.hasMore()) {
    const { model, version } = answering;
    answering = await sendSome(running, `${model}@${version}`, requestRows);
  }
  return answering;
}

async function sendSome(running: Running, word: string, maxRows: number): Promise<Answering> {
  const { context, input, source, tally } = running;
  const query = {
    offset: tally.rows === 0 ? undefined : String(tally.rows),
    ...(input.form === "csv" ? { unknown: "ignore", values: "text" } : {}),
  };
  const answer = await context.api.stream(
    modelPath(word, "predict"),
    query,
    "application/x-ndjson",
    source.take(maxRows),
  );
  for await (const line of splitLines(answer.pieces)) await take(running, line);
  if (tally.rows !== source.sent) {
    throw brokenOff(`${source.sent - tally.rows} rows came back without an answer`);
  }
  const header = (name: string) => String(answer.headers[name] ?? "");
  return { model: header("x-freshet-model"), version: header("x-freshet-version") };
}

async function take(
  { input, source, results, tally, progress }: Running,
  line: string,
): Promise<void> {
  const result = readResult(line);
  if (result.final === true) throw brokenOff(result.error?.detail ?? "the server gave up");
  await results.add(result, line, source.answer());
  if (!result.ok) {
    tally.failed += 1;
    const { code = "", detail = "" } = result.error ?? {};
    if (tally.errors.length < SHOWN_ERRORS) tally.errors.push({ row: tally.rows, code, detail });
  }
  tally.rows += 1;
  if (tally.rows % 100 === 0) progress.read(input.bytesRead(), tally.rows, tally.failed);
}

function readResult(line: string): Result {
  try {
    return resultSchema.parse(JSON.parse(line));
  } catch {
    throw brokenOff("a line of the answer is no result");
  }
}

const brokenOff = (detail: string): CliFailure =>
  new CliFailure(EXIT.refused, detail, { code: "stream_broken", hint: "Run it again." });
