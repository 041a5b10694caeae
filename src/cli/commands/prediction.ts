import type { Command } from "commander";
import type { z } from "zod";
import { readReference, readWhole } from "../arguments.ts";
import { readPages } from "../client/pages.ts";
import { predictionSchema, predictionsSchema } from "../client/quality-answers.ts";
import { addCommand, addGroup, withContext } from "../command.ts";
import type { Context, Terminal } from "../context.ts";
import { usageFailure } from "../failure.ts";
import { printable } from "../output/style.ts";
import { renderFacts, renderTable } from "../output/table.ts";
import { formatNumber, formatTime } from "../output/units.ts";
import { formatPairs, formatValue } from "../output/words.ts";

type Prediction = z.output<typeof predictionSchema>;

interface ListOptions {
  readonly from?: string;
  readonly to?: string;
  readonly settled?: boolean;
  readonly open?: boolean;
  readonly limit: number;
}

/** `prediction`: records of what was answered. */
export function addPredictionCommands(program: Command, terminal: Terminal): void {
  const group = addGroup(program, "prediction", "records of predictions, and their outcomes");
  addCommand(group, "show <id>", "the record of one prediction", [
    ["prediction show 01JD5X6Q3M8R0V7T2B9C4D1E5F", "what answered it, what, and what was true"],
  ]).action(withContext(terminal, show));
  addCommand(group, "list <reference>", "records of a model's predictions, newest first", [
    ["prediction list iris@2", "the last twenty of one version"],
    ["prediction list iris --open", "those that wait for their outcome"],
    ["prediction list iris --open --limit 1000 --json | jq -r '.items[].id'", "for a script"],
  ])
    .option("--from <time>", "ISO 8601, UTC unless it has an offset")
    .option("--to <time>", "ISO 8601, inclusive")
    .option("--settled", "only those with an outcome")
    .option("--open", "only those without")
    .option("--limit <n>", "at most so many", readWhole, 20)
    .action(withContext(terminal, list));
}

async function show(context: Context, id: string): Promise<void> {
  const path = `/v1/predictions/${encodeURIComponent(id)}`;
  const found = await context.api.get(predictionSchema, path);
  const { outcome, correct, entity, inputs, confidence } = found;
  context.print(found, () =>
    renderFacts(
      [
        ["id", printable(found.id)],
        ["at", formatTime(found.at)],
        [
          "model",
          `${found.model}@${found.version} by ${printable(found.route)}, ${found.strategy}`,
        ],
        ["answer", answerOf(found)],
        ["probabilities", found.output.probabilities && formatPairs(found.output.probabilities)],
        [
          "not kept",
          found.output_omitted ? "a part of the answer was too large for its record" : undefined,
        ],
        ["confidence", confidence === undefined ? undefined : formatNumber(confidence)],
        ["from", found.tier === "none" ? "a run" : `cache (${found.tier})`],
        ["entity", entity && `${entity.type} ${printable(entity.id)}`],
        ["inputs", inputs === undefined ? found.input_digest.slice(0, 12) : formatValue(inputs)],
        ["outcome", outcome && `${formatValue(outcome.value)} (${formatTime(outcome.at)})`],
        ["correct", correct === undefined ? undefined : correct ? "yes" : "no"],
      ],
      context.style,
    ),
  );
}

async function list(
  context: Context,
  word: string,
  { from, to, settled, open, limit }: ListOptions,
): Promise<void> {
  const { model, selector, isBare } = readReference(word);
  if (!isBare && selector.kind === "alias") {
    throw usageFailure(`'${word}': records have a version, and no alias`, "Write NAME@VERSION.");
  }
  if (settled === true && open === true) throw usageFailure("give --settled or --open, not both");
  const withOutcome = settled === true ? "true" : open === true ? "false" : undefined;
  const version = selector.kind === "version" ? selector.version : undefined;
  const query = { model, version, from, to, with_outcome: withOutcome };
  const items = await readPages(context.api, predictionsSchema, "/v1/predictions", query, limit);
  const { style, width } = context;
  context.print({ items }, () => {
    if (items.length === 0) return "no such prediction is recorded";
    const rows = items.map((item) => [
      printable(item.id),
      formatTime(item.at).slice(0, MINUTES),
      item.version,
      printable(item.route),
      answerOf(item),
      item.outcome === undefined ? "-" : verdictOf(item) + formatValue(item.outcome.value),
    ]);
    return renderTable(COLUMNS, rows, style, width);
  });
}

const COLUMNS = [
  { title: "ID" },
  { title: "AT (UTC)" },
  // What a terminal of 80 columns has room for is what tells the predictions apart.
  { title: "VERSION", optional: true },
  { title: "ROUTE", optional: true },
  { title: "ANSWER", flexible: true },
  { title: "OUTCOME", flexible: true },
] as const;

/** Of a time, as many characters: `prediction show` has the seconds. */
const MINUTES = 16;

function answerOf({ output, rows, confidence }: Prediction): string {
  if (rows !== undefined) return `${rows} rows`;
  if (output.exact_value !== undefined) return printable(output.exact_value);
  if (output.value !== undefined) return formatValue(output.value);
  if (output.label === undefined) return output.outputs ? formatValue(output.outputs) : "-";
  const sure = confidence === undefined ? "" : ` (${(100 * confidence).toFixed(1)}%)`;
  return `${printable(output.label)}${sure}`;
}

const verdictOf = ({ correct }: Prediction): string =>
  correct === undefined ? "" : correct ? "✓ " : "✗ ";
