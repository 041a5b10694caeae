import { Readable } from "node:stream";
import { modelPath } from "../arguments.ts";
import type { Query } from "../client/api.ts";
import { parseOrUndefined } from "../client/problem.ts";
import type { Context } from "../context.ts";
import { usageFailure } from "../failure.ts";
import { misfitOf, readRows } from "./file/read-rows.ts";
import { failedResult, type Result } from "./file/result.ts";
import { printResults, resultsSchema } from "./print-results.ts";
import { type GivenText, listRows, readJson } from "./read-input.ts";

interface Row {
  /** As JSON. */
  readonly line: string;
  /** Why it is none. */
  readonly misfit?: string | undefined;
}

interface Rows {
  readonly rows: readonly Row[];
  /** Of a table. */
  readonly header: readonly string[] | undefined;
}

/**
 * Asks a model about rows of named features, as `--out` does, and prints an answer for each.
 * @param features the names that the model means; empty where they are not known
 * @throws CliFailure when one of them has no answer, after all are printed
 */
export async function predictRows(
  context: Context,
  word: string,
  given: GivenText,
  features: readonly string[],
): Promise<void> {
  const { lines, query, settle } = await readAsked(given, features);
  const answer = await context.api.rows(resultsSchema, modelPath(word, "predict"), query, lines);
  const results = settle(answer.results);
  printResults(context, { ...answer, results }, { one: "row", many: "rows", nameOf: String });
}

/** Rows as they are sent. */
export interface Asked {
  /** JSON each. */
  readonly lines: readonly string[];
  /** How they are to be read. */
  readonly query: Query;
  /** Puts in what is wrong with a row that could not be sent as one. */
  settle(results: readonly Result[]): Result[];
}

/**
 * Reads rows of any form that there is.
 * @param features the names that the model means; empty where they are not known
 * @throws CliFailure where there are none, or what there is are no rows
 */
export async function readAsked(given: GivenText, features: readonly string[]): Promise<Asked> {
  const { rows, header } = await rowsOf(given);
  const [first] = rows;
  if (header !== undefined && features.length > 0) checkHeader(given.from, header, features);
  if (first === undefined) throw usageFailure(`${given.from} has no rows`);
  if (first.misfit !== undefined) {
    throw usageFailure(`${given.from}: the first row ${first.misfit}`);
  }
  return {
    lines: rows.map(({ line }) => line),
    query: given.form === "csv" ? { unknown: "ignore", values: "text" } : {},
    settle: (results) =>
      results.map((result, place) => {
        const misfit = rows[place]?.misfit;
        return misfit === undefined ? result : failedResult(place, misfit);
      }),
  };
}

async function rowsOf({ form, text, from }: GivenText): Promise<Rows> {
  if (form === "json") {
    const list = listRows(readJson({ text, from }), from);
    return { rows: list.map((row) => ({ line: JSON.stringify(row) })), header: undefined };
  }
  const source = readRows(form, Readable.from([Buffer.from(text)]), from);
  const rows: Row[] = [];
  for await (const { line, cells } of source.rows()) {
    if (form === "ndjson" && parseOrUndefined(line) === undefined) {
      throw usageFailure(`${from}: rows[${rows.length}] is not JSON`);
    }
    rows.push({ line, misfit: misfitOf(source.header(), cells) });
  }
  return { rows, header: source.header() };
}

/** A file of other columns, without a header, or with other separators has none of them. */
function checkHeader(from: string, header: readonly string[], features: readonly string[]): void {
  if (features.some((name) => header.includes(name))) return;
  const shown = features.slice(0, SHOWN_FEATURES).join(", ");
  const more = features.length - SHOWN_FEATURES;
  throw usageFailure(
    `no column of ${from} is a feature of the model`,
    `Its first line names them, with commas between: ${shown}${more > 0 ? ` and ${more} more` : ""}.`,
  );
}

const SHOWN_FEATURES = 10;
