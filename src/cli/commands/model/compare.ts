import { modelPath, readReference } from "../../arguments.ts";
import { comparisonSchema, type VersionAnswer } from "../../client/answers.ts";
import { type Adder, addCommand, withContext } from "../../command.ts";
import type { Context } from "../../context.ts";
import { printable } from "../../output/style.ts";
import { renderTable } from "../../output/table.ts";
import { formatBytes, formatNumber, formatTime } from "../../output/units.ts";
import { formatSpec } from "../../output/words.ts";

export const addCompare: Adder = (parent, terminal) => {
  addCommand(parent, "compare <name> <a> <b>", "put two versions side by side", [
    ["model compare iris 1 2", "two numbers"],
    ["model compare iris production staging", "what serves now, and what might"],
  ]).action(withContext(terminal, compare));
};

async function compare(context: Context, name: string, a: string, b: string): Promise<void> {
  const { model } = readReference(name);
  const path = modelPath(model, "compare");
  const compared = await context.api.get(comparisonSchema, path, { a, b });
  const { style } = context;
  context.print(compared, () => {
    const rows = [
      ...FACTS.map(([title, read]) => [title, read(compared.a), read(compared.b), ""]),
      bytesRow("size", compared.size_bytes),
      bytesRow("memory", compared.peak_memory_bytes),
      // What is no number on either side, such as a confusion matrix, is in `--json` alone.
      ...compared.metrics
        .filter(({ a, b }) => a !== null || b !== null)
        .map((metric) => [
          printable(metric.name),
          numberOf(metric.a),
          numberOf(metric.b),
          signed(metric.difference, formatNumber),
        ]),
    ];
    const titles = ["", `${model}@${compared.a.version}`, `${model}@${compared.b.version}`];
    const columns = [...titles, "DIFFERENCE"].map((title, index) => ({
      title,
      ...(index === 0 ? {} : { flexible: true as const }),
    }));
    const table = renderTable(columns, rows, style, context.width);
    const differences = compared.schema_differences.map(
      (one) => `  ${one.path}: ${printable(one.message)}`,
    );
    const verdict = compared.same_bytes
      ? "the same bytes"
      : compared.compatible
        ? style.good("compatible: the second can follow the first on an alias")
        : style.bad("incompatible: callers of the first would trip over");
    return [table, "", verdict, ...differences].join("\n");
  });
}

const FACTS: readonly (readonly [title: string, read: (version: VersionAnswer) => string])[] = [
  ["serves as", ({ aliases }) => aliases.join(", ") || "nothing"],
  ["created", ({ created_at }) => formatTime(created_at)],
  ["framework", ({ framework }) => framework?.name ?? "-"],
  ["inputs", ({ inputs }) => inputs?.map(formatSpec).join(" · ") ?? "-"],
  ["outputs", ({ outputs }) => outputs?.map(formatSpec).join(" · ") ?? "-"],
];

interface Pair {
  readonly a: number | null;
  readonly b: number | null;
  readonly difference: number | null;
}

const bytesRow = (title: string, { a, b, difference }: Pair) => [
  title,
  formatBytes(a),
  formatBytes(b),
  signed(difference, formatBytes),
];

const numberOf = (value: number | null) => (value === null ? "-" : formatNumber(value));

const signed = (value: number | null, format: (value: number) => string): string =>
  value === null || value === 0 ? "" : `${value > 0 ? "+" : ""}${format(value)}`;
