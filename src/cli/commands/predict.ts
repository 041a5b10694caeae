import type { Command } from "commander";
import { formatOption, readReference, readWhole } from "../arguments.ts";
import { addCommand, withContext } from "../command.ts";
import { type Context, STDIO, type Terminal } from "../context.ts";
import { checkFailure, usageFailure } from "../failure.ts";
import { printable } from "../output/style.ts";
import { formatMs } from "../output/units.ts";
import type { FileJob, FileSummary } from "../predict/file/file-summary.ts";
import { predictFile } from "../predict/file/predict-file.ts";
import type { RowsFile } from "../predict/file/read-rows.ts";
import { hasConversation, hasEntities } from "../predict/file/rows-of-document.ts";
import { predictBody, predictEntities } from "../predict/predict-entities.ts";
import { predictRows } from "../predict/predict-rows.ts";
import { featuresOf, predictTensors } from "../predict/predict-tensors.ts";
import { areFlat, isWhole, readGiven, readGivenText, readJson } from "../predict/read-input.ts";
import { lostLines, tellUnrecorded } from "../predict/tell-unrecorded.ts";

interface Options {
  readonly input?: string;
  readonly out?: string;
  readonly entities?: string;
  readonly requestRows: number;
  readonly resume?: boolean;
  readonly format?: RowsFile["form"];
}

// Of small rows a Worker answers as many in a few seconds of its time.
const REQUEST_ROWS = 50_000;

/** `predict`: rows in, answers out. */
export function addPredictCommand(program: Command, terminal: Terminal): void {
  addCommand(program, "predict <name[@ref]> [file]", "ask a model about rows", [
    ["predict iris --input '[[6.2, 2.8, 4.8, 1.8]]'", "one row"],
    ["predict iris@staging rows.csv", "a CSV file; a header picks the features by name"],
    ["predict iris request.json --json", "a whole request of the Open Inference Protocol"],
    ["predict iris rows.csv --out answers.csv", "a file of any size; 1 when a row failed"],
    ["predict iris rows.csv --out answers.csv --resume", "go on after what was answered already"],
    ["predict iris@3 rows.ndjson --out answers.ndjson --json", "a row a line, and a summary"],
    ["predict iris request.json", "or the body of a request: rows, columns or entities"],
    ["predict iris - --format csv --out - < rows.csv > answers.csv", "from stdin to stdout"],
    ["predict football --entities match:1,match:2", "stored entities; 1 when one has no answer"],
  ])
    .option("--input <json>", "a row, rows, or a whole request, as JSON")
    .option(
      "--out <file>",
      "write a result for each row of the file: .csv, .json or .ndjson; - is stdout",
    )
    .option("--entities <list>", "stored entities in place of rows: type:id,type:id")
    .option("--request-rows <n>", "with --out: rows of one request", readWhole, REQUEST_ROWS)
    .addOption(formatOption("of FILE, whatever its name; of - and --out -"))
    .option("--resume", "with --out: go on after the rows of FILE.partial, with its version")
    .addHelpText("after", HOW)
    .action(withContext(terminal, predict));
}

const HOW = `
Rows go by /v1/models/NAME/predict, with --out and without: features by name, categories as
text, the manifest's rules for missing values; labels, probabilities and values come back. Of a
model whose manifest names no features rows of numbers and texts go by /v2/models/NAME/infer
without --out: values in the order of its input, outputs as they are. A whole request
{"inputs": [...]} goes there, too. A FILE of - is stdin: lines of JSON with --out, JSON or lines of
it without, unless --format says csv, json or ndjson; --out - has the form of the rows.`;

async function predict(
  context: Context,
  word: string,
  file: string | undefined,
  { input, out, entities, requestRows, resume = false, format }: Options,
): Promise<void> {
  const reference = readReference(word);
  const given = [file, input, entities].filter((one) => one !== undefined);
  if (given.length !== 1) {
    throw usageFailure(
      "give either --input, --entities or a file",
      "`freshet predict --help` has examples.",
    );
  }
  if (entities !== undefined && out === undefined) return predictEntities(context, word, entities);
  if (out !== undefined) {
    if (file === undefined) throw usageFailure("--out is for a file of rows");
    return predictIntoFile(context, { word, file, out, requestRows, resumes: resume, format });
  }
  if (resume) throw usageFailure("--resume goes with --out");
  const text = await readGivenText(context, file, input, format);
  const value = text.form === "json" ? readJson(text) : undefined;
  if (hasEntities(value) || hasConversation(value)) return predictBody(context, word, value);
  if (isWhole(value)) return predictTensors(context, reference, value);
  const features = await featuresOf(context, reference);
  const isByTensor = features !== undefined && features.length === 0 && areFlat(text);
  return isByTensor
    ? predictTensors(context, reference, readGiven(text))
    : predictRows(context, word, text, features ?? []);
}

/** The summary is the answer; rows that failed make the command fail. */
async function predictIntoFile(context: Context, job: FileJob): Promise<void> {
  const summary = await predictFile(context, job);
  // The results are the answer where they go to stdout.
  if (job.out === STDIO) context.note(renderSummary(summary));
  else context.print(summary, () => renderSummary(summary));
  await tellUnrecorded(context, summary.model);
  const { failed, rows, out } = summary;
  if (failed === 0) return;
  throw checkFailure(
    "rows_failed",
    `${failed} of ${rows} rows failed`,
    `${out === STDIO ? "The results say" : `${out} says`} why, row by row.`,
  );
}

function renderSummary({
  model,
  version,
  rows,
  failed,
  unrecorded = 0,
  out,
  duration_ms,
  errors,
}: FileSummary): string {
  const head = `${model}@${version}: ${rows - failed} of ${rows} rows answered in ${formatMs(duration_ms)}${out === STDIO ? "" : `, in ${out}`}`;
  const told = errors.map(({ detail }) => `  ${printable(detail)}`);
  const more = failed > errors.length ? [`  and ${failed - errors.length} more`] : [];
  return [head, ...told, ...more, ...lostLines(unrecorded)].join("\n");
}
