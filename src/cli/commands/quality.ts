import type { Command } from "commander";
import type { z } from "zod";
import { modelPath } from "../arguments.ts";
import { accuracySchema, statisticsSchema } from "../client/quality-answers.ts";
import { addCommand, withContext } from "../command.ts";
import type { Context, Terminal } from "../context.ts";
import { printable } from "../output/style.ts";
import { type Column, renderTable } from "../output/table.ts";
import { numberOf, renderTrend } from "../output/trend.ts";
import { formatNumber } from "../output/units.ts";
import { formatPairs } from "../output/words.ts";

interface Options {
  readonly window: string;
  readonly by: string;
}

type Group = z.output<typeof accuracySchema>["groups"][number];

/** `accuracy` and `statistics`: of a model's recorded predictions. */
export function addQualityCommands(program: Command, terminal: Terminal): void {
  const accuracyCommand = addCommand(
    program,
    "accuracy <model>",
    "how right a model's predictions were",
    [
      ["accuracy iris", "of the last seven days, by version"],
      ["accuracy iris --window 30d --by route", "the two sides of a split"],
      [
        "accuracy iris --json | jq '.groups[].metrics.confusion_matrix'",
        "all there is, for a script",
      ],
    ],
  );
  withWindow(accuracyCommand).action(withContext(terminal, accuracy));
  const statisticsCommand = addCommand(
    program,
    "statistics <model>",
    "what a model's predictions were",
    [
      ["statistics iris", "how many, how sure, which classes, how many with an outcome"],
      ["statistics iris --by day --window 14d", "day by day"],
    ],
  );
  withWindow(statisticsCommand).action(withContext(terminal, statistics));
}

const withWindow = (command: Command): Command =>
  command
    .option("--window <days>", "1d to 365d with today, in UTC, or all", "7d")
    .option("--by <what>", "version, strategy, route or day", "version");

async function accuracy(context: Context, model: string, { window, by }: Options): Promise<void> {
  const path = modelPath(model, "accuracy");
  const found = await context.api.get(accuracySchema, path, { window, by });
  const isTrend = !context.isJson && by !== "day" && found.groups.length > 0;
  const days = isTrend
    ? await context.api.get(accuracySchema, path, { window, by: "day" })
    : undefined;
  const { style, width } = context;
  context.print(found, () => {
    if (found.groups.length === 0) return NOTHING;
    const columns = COLUMNS.filter(({ metric }) =>
      found.groups.some(({ metrics }) => metrics[metric] !== undefined),
    );
    const titles: readonly Column[] = [
      { title: by.toUpperCase(), flexible: true },
      { title: "OUTCOMES", align: "right" },
      { title: "COVERAGE", align: "right" },
      ...columns.map(({ title }): Column => ({ title, align: "right" })),
    ];
    const rows = found.groups.map(({ key, n, coverage, metrics }) => [
      printable(key),
      String(n),
      percent(coverage),
      ...columns.map(({ metric }) => numberOf(metrics[metric])),
    ]);
    const notes = found.groups.flatMap(notesOf);
    return [
      renderTable(titles, rows, style, width),
      ...(notes.length === 0 ? [] : ["", ...notes]),
      ...trendOf(days?.groups ?? [], width),
    ].join("\n");
  });
}

const NOTHING =
  "no prediction was recorded in this window: `record.rate` of the deployment says which are";

const COLUMNS = [
  { title: "ACCURACY", metric: "accuracy" },
  { title: "F1 MACRO", metric: "f1_macro" },
  { title: "LOG LOSS", metric: "log_loss" },
  { title: "BRIER", metric: "brier" },
  { title: "MAE", metric: "mae" },
  { title: "RMSE", metric: "rmse" },
  { title: "R2", metric: "r2" },
] as const;

/** Days with outcomes, oldest first: accuracy, or else the root mean squared error, low to high. */
function trendOf(days: readonly Group[], width: number): readonly string[] {
  const isKnown = days.some(({ metrics }) => metrics.accuracy !== undefined);
  const metric = isKnown ? "accuracy" : "rmse";
  const figures = days.flatMap(({ key, metrics }) => {
    const value = metrics[metric];
    return value === undefined ? [] : [{ day: key, value }];
  });
  const trend = renderTrend(metric, figures, width);
  return trend === undefined ? [] : ["", trend];
}

/** Of figures that are of fewer outcomes than the table says: of how many, and why. */
function notesOf({ key, n, unscored = 0, metrics }: Group): readonly string[] {
  const { n_labels: labels = 0, n_probabilities: sure = 0 } = metrics;
  const notes: string[] = [];
  if (sure > 0 && sure < labels) {
    notes.push(
      `log loss and Brier score are of ${sure} of ${labels} answers: the others had no probabilities`,
    );
  }
  if (unscored > 0) {
    notes.push(
      `${unscored} of ${n} outcomes are in no figure: the answers had no class, and no number from -1e150 to 1e150`,
    );
  }
  return notes.map((note) => `${printable(key)}: ${note}`);
}

async function statistics(context: Context, model: string, options: Options): Promise<void> {
  const { window, by } = options;
  const path = modelPath(model, "statistics");
  const found = await context.api.get(statisticsSchema, path, { window, by });
  const isTrend = !context.isJson && by !== "day" && found.groups.length > 0;
  const days = isTrend
    ? await context.api.get(statisticsSchema, path, { window, by: "day" })
    : undefined;
  const { style, width } = context;
  context.print(found, () => {
    if (found.groups.length === 0) return NOTHING;
    const rows = found.groups.map((group) => [
      printable(group.key),
      String(group.predictions),
      percent(group.cached_share),
      percent(group.coverage),
      numberOf(group.confidence?.p05),
      numberOf(group.confidence?.p50),
      numberOf(group.confidence?.p95),
      answersOf(group),
    ]);
    const columns = [{ title: by.toUpperCase(), flexible: true }, ...STATISTICS] as const;
    const table = renderTable(columns, rows, style, width);
    return [table, ...statisticsTrends(days?.groups ?? [], width)].join("\n");
  });
}

type Statistics = z.output<typeof statisticsSchema>["groups"][number];

/** Days, oldest first: how many predictions, and how sure they were or where their numbers lay. */
function statisticsTrends(days: readonly Statistics[], width: number): readonly string[] {
  const figures: readonly (readonly [string, (day: Statistics) => number | undefined])[] = [
    ["predictions", ({ predictions }) => predictions],
    ["confidence p50", ({ confidence }) => confidence?.p50],
    ["mean", ({ values }) => values?.mean],
  ];
  const trends = figures.flatMap(([title, figureOf]) => {
    const known = days.flatMap((day) => {
      const value = figureOf(day);
      return value === undefined ? [] : [{ day: day.key, value }];
    });
    return renderTrend(title, known, width) ?? [];
  });
  return trends.length === 0 ? [] : ["", ...trends];
}

const STATISTICS = [
  { title: "PREDICTIONS", align: "right" },
  { title: "CACHED", align: "right" },
  { title: "COVERAGE", align: "right" },
  { title: "CONF P05", align: "right" },
  { title: "P50", align: "right" },
  { title: "P95", align: "right" },
  { title: "ANSWERS", flexible: true },
] as const;

/** Classes by how often they were answered, or where the numbers lie. */
function answersOf({ labels, values }: Statistics): string {
  if (labels !== undefined) {
    return formatPairs(Object.fromEntries(Object.entries(labels).sort(([, a], [, b]) => b - a)));
  }
  if (values === undefined) return "-";
  const spread = values.sd === undefined ? "" : `, sd ${formatNumber(values.sd)}`;
  return `mean ${formatNumber(values.mean)}${spread}`;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;
