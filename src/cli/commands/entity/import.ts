import { basename } from "node:path";
import type { Command } from "commander";
import { formatOption } from "../../arguments.ts";
import { inCommandWords } from "../../client/command-words.ts";
import { entityLinesSchema } from "../../client/entity-answers.ts";
import { addCommand, withContext } from "../../command.ts";
import type { Context, Terminal } from "../../context.ts";
import { checkFailure } from "../../failure.ts";
import { startRowsProgress } from "../../output/progress.ts";
import { printable } from "../../output/style.ts";
import { plural } from "../../output/units.ts";
import { openRowsFile, type RowsFile } from "../../predict/file/read-rows.ts";
import { type EntityLine, entityLines } from "./entity-lines.ts";
import { entityPath } from "./paths.ts";
import { addCounts, tellPredictions } from "./predictions-told.ts";

interface Options {
  readonly id: string;
  readonly outcome?: string;
  readonly text?: readonly string[];
  readonly replace?: boolean;
  readonly format?: RowsFile["form"];
}

interface Summary {
  rows: number;
  written: number;
  failed: number;
  /** Those on what was finished; missing where there are none. */
  predictions?: ReturnType<typeof addCounts>;
  /** The first of those that failed; rows count from 1, without the header. */
  readonly errors: { row: number; id?: string; code: string; detail: string }[];
}

const SHOWN_ERRORS = 20;
/** Well within what the server takes at once. */
const BATCH_LINES = 500;
const BATCH_CHARACTERS = 1_000_000;

/** `entity import`: many entities from a file of any size. */
export function addImportCommand(group: Command, terminal: Terminal): void {
  addCommand(
    group,
    "import <type> <file>",
    "put the entities of a CSV, NDJSON or JSON file, or of - for stdin",
    [
      ["entity import match matches.csv", "a column `id`; the others are features"],
      ["entity import match results.csv --outcome result", "finishes those with a result"],
      ["entity import match - --format csv < matches.csv", "from stdin"],
      ["entity import match matches.ndjson", "lines of {id, features, state, outcome}"],
    ],
  )
    .option("--id <column>", "of a CSV file: the column with the id", "id")
    .option("--outcome <column>", "of a CSV file: the column with the outcome; empty: not known")
    .option("--text <column...>", "of a CSV file: columns that are text, though they have numbers")
    .addOption(formatOption("of FILE, whatever its name; of - ndjson unless told"))
    .option("--replace", "though an entity is finished already")
    .action(withContext(terminal, importFile));
}

/** Each row stands for itself: rows that fail make the command fail, and running it again is harmless. */
async function importFile(
  context: Context,
  type: string,
  file: string,
  { id, outcome, text = [], replace = false, format }: Options,
): Promise<void> {
  const path = entityPath(type);
  const input = openRowsFile(context, file, format);
  const progress = startRowsProgress(basename(file), input.totalBytes, context.isWatched);
  const summary: Summary = { rows: 0, written: 0, failed: 0, errors: [] };
  try {
    for await (const batch of batchesOf(entityLines(input, { id, outcome, text, replace }))) {
      await sendBatch(context, path, batch, summary);
      progress.read(input.bytesRead(), summary.rows, summary.failed);
    }
  } catch (error) {
    if (summary.written > 0) {
      context.note(`${plural(summary.written, "entity", "entities")} written before it broke off`);
    }
    throw error;
  } finally {
    progress.stop();
  }
  context.print(summary, () => render(type, summary));
  if (summary.failed === 0) return;
  const detail = `${summary.failed} of ${plural(summary.rows, "row")} failed`;
  throw checkFailure("rows_failed", detail, "Mend them and run it again: the others stay.");
}

async function* batchesOf(
  lines: AsyncIterable<EntityLine>,
): AsyncGenerator<readonly EntityLine[], void, undefined> {
  let batch: EntityLine[] = [];
  let characters = 0;
  for await (const one of lines) {
    batch.push(one);
    characters += "line" in one ? one.line.length : 0;
    if (batch.length < BATCH_LINES && characters < BATCH_CHARACTERS) continue;
    yield batch;
    batch = [];
    characters = 0;
  }
  if (batch.length > 0) yield batch;
}

async function sendBatch(
  { api }: Context,
  path: string,
  batch: readonly EntityLine[],
  summary: Summary,
): Promise<void> {
  const sent = batch.filter((one) => "line" in one);
  const lines = sent.map(({ line }) => line);
  const { results } =
    lines.length === 0 ? { results: [] } : await api.lines(entityLinesSchema, path, lines);
  for (const one of batch) {
    if ("problem" in one) tell(summary, { row: one.row, code: "bad_row", detail: one.problem });
  }
  for (const { line, id, ok, error, predictions } of results) {
    const row = sent[line - 1]?.row ?? 0;
    if (tellPredictions(predictions).length > 0) {
      summary.predictions = addCounts(summary.predictions, predictions);
    }
    if (ok) summary.written += 1;
    else tell(summary, { row, ...(id === undefined ? {} : { id }), ...reasonOf(error) });
  }
  summary.rows += batch.length;
}

const reasonOf = (error: { readonly code: string; readonly detail: string } | undefined) => ({
  code: error?.code ?? "unknown",
  detail: inCommandWords(
    error?.detail ?? "the server does not say why",
    ": --replace changes it all the same",
  ),
});

function tell(summary: Summary, error: Summary["errors"][number]): void {
  summary.failed += 1;
  if (summary.errors.length < SHOWN_ERRORS) summary.errors.push(error);
}

function render(type: string, { rows, written, failed, predictions, errors }: Summary): string {
  const head = `${written} of ${plural(rows, "row")} written as '${type}'`;
  const told = errors.map(
    ({ row, id, detail }) =>
      `  row ${row}${id === undefined ? "" : ` (${printable(id)})`}: ${printable(detail)}`,
  );
  const more = failed > errors.length ? [`  and ${failed - errors.length} more`] : [];
  return [head, ...tellPredictions(predictions), ...told, ...more].join("\n");
}
