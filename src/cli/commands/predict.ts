import type { Command } from "commander";
import type { z } from "zod";
import { readReference, readWhole, selectorOf } from "../arguments.ts";
import { inferenceSchema, metadataSchema, versionSchema } from "../client/answers.ts";
import { addCommand, withContext } from "../command.ts";
import type { Context, Terminal } from "../context.ts";
import { checkFailure, usageFailure } from "../failure.ts";
import { printable } from "../output/style.ts";
import { renderTable } from "../output/table.ts";
import { formatMs } from "../output/units.ts";
import { formatValue } from "../output/words.ts";
import { type FileJob, type FileSummary, predictFile } from "../predict/file/predict-file.ts";
import { predictEntities } from "../predict/predict-entities.ts";
import { readInput } from "../predict/read-input.ts";
import { toRequest } from "../predict/to-request.ts";

interface Options {
  readonly input?: string;
  readonly out?: string;
  readonly entities?: string;
  readonly requestRows: number;
}

// Of small rows a Worker answers as many in a few seconds of its time.
const REQUEST_ROWS = 50_000;

/** `predict`: rows in, answers out. */
export function addPredictCommand(program: Command, terminal: Terminal): void {
  addCommand(program, "predict <name[@ref]> [file]", "ask a model for rows of numbers", [
    ["predict iris --input '[[6.2, 2.8, 4.8, 1.8]]'", "one row"],
    ["predict iris@staging rows.csv", "a CSV file; a header picks the features by name"],
    ["predict iris request.json --json", "a whole request of the Open Inference Protocol"],
    ["predict iris rows.csv --out answers.csv", "a file of any size; 1 when a row failed"],
    ["predict iris@3 rows.ndjson --out answers.ndjson --json", "a row a line, and a summary"],
    ["predict football --entities match:1,match:2", "stored entities; 1 when one has no answer"],
  ])
    .option("--input <json>", "a row, rows, or a whole request, as JSON")
    .option("--out <file>", "write a result for each row of the file: .csv, .json or .ndjson")
    .option("--entities <list>", "stored entities in place of rows: type:id,type:id")
    .option("--request-rows <n>", "with --out: rows of one request", readWhole, REQUEST_ROWS)
    .action(withContext(terminal, predict));
}

async function predict(
  context: Context,
  word: string,
  file: string | undefined,
  { input, out, entities, requestRows }: Options,
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
    return predictRows(context, { word, file, out, requestRows });
  }
  const rows = readInput(context, file, input);
  const path = `/v2/models/${encodeURIComponent(reference.model)}/versions/${encodeURIComponent(selectorOf(reference))}`;
  const metadata = await context.api.get(metadataSchema, path);
  const features = await featuresOf(context, reference.model, metadata.parameters.version);
  const request = toRequest(rows, metadata.inputs, features);
  const answer = await context.api.call(inferenceSchema, "POST", `${path}/infer`, request);
  context.print(answer, () => renderAnswer(context, answer));
}

/** The summary is the answer; rows that failed make the command fail. */
async function predictRows(context: Context, job: FileJob): Promise<void> {
  const summary = await predictFile(context, job);
  context.print(summary, () => renderSummary(summary));
  const { failed, rows, out } = summary;
  if (failed === 0) return;
  throw checkFailure(
    "rows_failed",
    `${failed} of ${rows} rows failed`,
    `${out} says why, row by row.`,
  );
}

function renderSummary({
  model,
  version,
  rows,
  failed,
  out,
  duration_ms,
  errors,
}: FileSummary): string {
  const head = `${model}@${version}: ${rows - failed} of ${rows} rows answered in ${formatMs(duration_ms)}, in ${out}`;
  const told = errors.map(({ detail }) => `  ${printable(detail)}`);
  const more = failed > errors.length ? [`  and ${failed - errors.length} more`] : [];
  return [head, ...told, ...more].join("\n");
}

/** Names of the features in the model's order; none when the registry cannot be read. */
async function featuresOf(
  { api }: Context,
  model: string,
  version: string,
): Promise<readonly string[]> {
  const path = `/v1/models/${encodeURIComponent(model)}/versions/${version}`;
  const { status, body } = await api.ask(path);
  const described = versionSchema.safeParse(status === 200 ? body : undefined);
  return described.success ? described.data.features.map(({ name }) => name) : [];
}

function renderAnswer({ style, width }: Context, answer: z.output<typeof inferenceSchema>): string {
  const { model_name, model_version, outputs } = answer;
  const rowCount = Math.max(0, ...outputs.map(({ shape }) => shape[0] ?? 1));
  const columns = [
    { title: "ROW", align: "right" as const },
    ...outputs.map(({ name }) => ({ title: printable(name), flexible: true as const })),
  ];
  const rows = Array.from({ length: rowCount }, (_, row) => [
    String(row + 1),
    ...outputs.map(({ data }) => cellOf(data, row, rowCount)),
  ]);
  const head = style.dim(`${model_name}@${model_version}`);
  return `${head}\n${renderTable(columns, rows, style, width)}`;
}

/** The part of an output that belongs to a row: outputs are row-major, rows first. */
function cellOf(data: readonly unknown[], row: number, rowCount: number): string {
  const size = Math.floor(data.length / rowCount);
  return data
    .slice(row * size, (row + 1) * size)
    .map(formatValue)
    .join(" ");
}
