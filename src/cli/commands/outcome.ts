import { basename } from "node:path";
import type { Command } from "commander";
import { formatOption } from "../arguments.ts";
import { inCommandWords } from "../client/command-words.ts";
import { parseOrUndefined } from "../client/problem.ts";
import { outcomeLineSchema, outcomeSetSchema } from "../client/quality-answers.ts";
import { addCommand, addGroup, withContext } from "../command.ts";
import type { Context, Terminal } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { CliFailure, checkFailure } from "../failure.ts";
import { type RowsProgress, startRowsProgress } from "../output/progress.ts";
import { printable } from "../output/style.ts";
import { formatTime, plural } from "../output/units.ts";
import { formatValue } from "../output/words.ts";
import { splitLines } from "../predict/file/split-lines.ts";
import { type OutcomesFile, openOutcomes } from "./outcome-file.ts";

interface SetOptions {
  readonly at?: string;
  readonly replace?: boolean;
}

interface ImportOptions {
  readonly value?: string;
  readonly format?: "csv" | "ndjson";
}

/** What became of a file of outcomes. */
interface Summary {
  recorded: number;
  /** Those that were as answered. */
  correct: number;
  failed: number;
  /** Records of a table without an id or a truth. */
  skipped: number;
  /** The first of those that failed; lines as the server counts them, blank ones left out. */
  readonly errors: { line: number; id?: string; code: string; detail: string }[];
}

const SHOWN_ERRORS = 20;

/** `outcome`: what turned out to be true of predictions. */
export function addOutcomeCommands(program: Command, terminal: Terminal): void {
  const group = addGroup(program, "outcome", "what turned out to be true of predictions");
  addCommand(group, "set <id> <value>", "record what turned out to be true of one", [
    ["outcome set 01JD5X6Q3M8R0V7T2B9C4D1E5F versicolor", "the class that it was"],
    ["outcome set 01JD5X6Q3M8R0V7T2B9C4D1E5F 71.5 --replace", "in the place of another value"],
  ])
    .option("--at <time>", "when it was so, ISO 8601 with its offset; now unless told")
    .option("--replace", "though it has another outcome")
    .action(withContext(terminal, set));
  addCommand(group, "import <file>", "record those of a CSV or NDJSON file, of any size", [
    [
      "outcome import truths.csv",
      "a header with prediction_id and value; at and replace if you like",
    ],
    ["outcome import answers.csv --value species", "what predict --out wrote of rows with a truth"],
    ["outcome import - --format csv < truths.csv", "from stdin"],
    ["outcome import truths.ndjson --json", "exit code 1 when a line failed; the others are kept"],
  ])
    .option("--value <column>", "of a CSV file: the column with the truth (default: value)")
    .addOption(
      formatOption("of FILE, whatever its name; of - ndjson unless told", ["csv", "ndjson"]),
    )
    .addHelpText("after", HOW)
    .action(withContext(terminal, importFile));
}

const HOW = `
Records of a CSV file without an id or a truth are passed over: what had no answer has no outcome.
A FILE of - is stdin.`;

async function set(
  context: Context,
  id: string,
  value: string,
  { at, replace }: SetOptions,
): Promise<void> {
  const path = `/v1/predictions/${encodeURIComponent(id)}/outcome`;
  const told = await context.api.call(outcomeSetSchema, "PUT", path, { value, at, replace });
  context.print(told, () => {
    const { style } = context;
    const { correct, outcome } = told;
    const verdict =
      correct === undefined
        ? ""
        : correct
          ? style.good(", as answered")
          : style.warn(", not as answered");
    return `${printable(id)} was ${formatValue(outcome.value)} (${formatTime(outcome.at)})${verdict}`;
  });
}

/** Each line stands for itself: what failed makes the command fail, and running it again is harmless. */
async function importFile(
  context: Context,
  file: string,
  { value, format }: ImportOptions,
): Promise<void> {
  const input = openOutcomes(context, file, { value, format });
  const progress = startRowsProgress(basename(file), input.totalBytes, context.isWatched);
  const summary: Summary = { recorded: 0, correct: 0, failed: 0, skipped: 0, errors: [] };
  try {
    const { api } = context;
    const answer = await api.stream("/v1/outcomes", {}, "application/x-ndjson", input.text());
    for await (const line of splitLines(answer.pieces)) {
      take(line, input, summary);
      tell(progress, input.bytesRead(), summary);
    }
    addMisfits(input, summary);
  } catch (error) {
    const { recorded } = summary;
    if (recorded > 0) context.note(`${plural(recorded, "outcome")} recorded before it broke off`);
    throw error;
  } finally {
    progress.stop();
  }
  context.print(summary, () => render(summary));
  if (summary.failed === 0) return;
  const all = plural(summary.failed + summary.recorded, "outcome");
  const hint = "Mend them and run it again: the others stay.";
  throw checkFailure("outcomes_failed", `${summary.failed} of ${all} failed`, hint);
}

function take(text: string, input: OutcomesFile, summary: Summary): void {
  const parsed = outcomeLineSchema.safeParse(parseOrUndefined(text));
  if (!parsed.success) throw brokenOff("a line of the answer is none of this command's");
  const { ok, final, line = 0, prediction_id: id, error, correct } = parsed.data;
  if (final === true) throw brokenOff(error?.detail ?? "the server gave up");
  if (ok) {
    summary.recorded += 1;
    if (correct === true) summary.correct += 1;
    return;
  }
  summary.failed += 1;
  if (summary.errors.length >= SHOWN_ERRORS) return;
  const { code = "unknown", detail = "the server does not say why" } = error ?? {};
  const told = inCommandWords(detail, REPLACE);
  summary.errors.push({
    line: input.lineOf(line),
    ...(id === undefined ? {} : { id }),
    code,
    detail: told,
  });
}

/** What was not sent, among what the server told. */
function addMisfits({ misfits, skipped }: OutcomesFile, summary: Summary): void {
  summary.skipped = skipped;
  summary.failed += misfits.length;
  const told = misfits.map(({ line, detail }) => ({ line, code: "invalid_request", detail }));
  const errors = [...summary.errors, ...told].sort((a, b) => a.line - b.line);
  summary.errors.splice(0, summary.errors.length, ...errors.slice(0, SHOWN_ERRORS));
}

const REPLACE = ": `true` as its `replace` puts yours in its place";

const brokenOff = (detail: string): CliFailure =>
  new CliFailure(EXIT.refused, detail, {
    code: "stream_broken",
    hint: "Run it again: what is recorded stays.",
  });

function tell(progress: RowsProgress, bytes: number, { recorded, failed }: Summary): void {
  const lines = recorded + failed;
  if (lines % 100 === 0) progress.read(bytes, lines, failed);
}

function render({ recorded, correct, failed, skipped, errors }: Summary): string {
  const passed =
    skipped === 0 ? "" : `, ${plural(skipped, "record")} without id or truth passed over`;
  const head = `${plural(recorded, "outcome")} recorded, ${correct} as answered${passed}`;
  const told = errors.map(
    ({ line, id, detail }) =>
      `  line ${line}${id === undefined ? "" : ` (${printable(id)})`}: ${printable(detail)}`,
  );
  const more = failed > errors.length ? [`  and ${failed - errors.length} more`] : [];
  return [head, ...told, ...more].join("\n");
}
