import type { Command } from "commander";
import { modelPath, readReference, readWhole } from "../arguments.ts";
import { historySchema, servedSchema } from "../client/answers.ts";
import { readPages } from "../client/pages.ts";
import { addCommand, withContext } from "../command.ts";
import type { Context, Terminal } from "../context.ts";
import { printable } from "../output/style.ts";
import { renderTable } from "../output/table.ts";
import { formatTime } from "../output/units.ts";
import { formatRoute } from "../output/words.ts";

interface Options {
  readonly at?: string;
  readonly limit: number;
}

/** `history`: who moved what when and why. */
export function addHistoryCommand(program: Command, terminal: Terminal): void {
  addCommand(program, "history <name>", "who moved what when and why, newest first", [
    ["history iris", "the last twenty moves"],
    ["history iris --at 2026-11-01T12:00:00Z", "which version served at that time"],
  ])
    .option("--at <time>", "tell what served at this time (ISO 8601)")
    .option("--limit <n>", "at most so many moves", readWhole, 20)
    .action(withContext(terminal, history));
}

async function history(context: Context, name: string, { at, limit }: Options): Promise<void> {
  const { model } = readReference(name);
  const path = modelPath(model, "history");
  if (at !== undefined) return served(context, path, at);
  const items = await readPages(context.api, historySchema, path, {}, limit);
  context.print({ items }, () => {
    const rows = items.map((move) => [
      String(move.rev),
      formatTime(move.at),
      move.action,
      move.alias ?? (move.version === undefined ? "-" : `version ${move.version}`),
      `${formatRoute(move.from)} → ${formatRoute(move.to)}`,
      printable(move.actor),
      printable(move.reason ?? ""),
    ]);
    return renderTable(COLUMNS, rows, context.style, context.width);
  });
}

async function served(context: Context, path: string, at: string): Promise<void> {
  const found = await context.api.get(servedSchema, path, { at });
  context.print(found, () => {
    const aliases = Object.entries(found.aliases);
    if (aliases.length === 0) return `nothing was served at ${formatTime(found.at)}`;
    const rows = aliases.map(([alias, weights]) => [alias, formatRoute({ weights })]);
    const columns = [{ title: "ALIAS" }, { title: `SERVED AT ${formatTime(found.at)}` }];
    return renderTable(columns, rows, context.style, context.width);
  });
}

const COLUMNS = [
  { title: "REV", align: "right" },
  { title: "AT (UTC)" },
  { title: "ACTION" },
  { title: "ALIAS" },
  { title: "FROM → TO", flexible: true },
  { title: "BY", flexible: true },
  { title: "REASON", flexible: true },
] as const;
