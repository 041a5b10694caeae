import type { Command } from "commander";
import { readWhole } from "../arguments.ts";
import { appendedSchema, eventsSchema } from "../client/entity-answers.ts";
import { readPages } from "../client/pages.ts";
import { parseOrUndefined } from "../client/problem.ts";
import { addCommand, addGroup, withContext } from "../command.ts";
import type { Context, Terminal } from "../context.ts";
import { refuseInexact } from "../exact-json.ts";
import { usageFailure } from "../failure.ts";
import { printable } from "../output/style.ts";
import { renderTable } from "../output/table.ts";
import { formatTime, plural } from "../output/units.ts";
import { formatValue } from "../output/words.ts";
import { decodeUtf8 } from "../utf8.ts";
import { readOwnId } from "./entity/paths.ts";

/** `conversation`: what happened in one, in its order. */
export function addConversationCommands(program: Command, terminal: Terminal): void {
  const group = addGroup(program, "conversation", "results of a conversation, one after another");
  addCommand(group, "show <id>", "events of a conversation, oldest first", [
    ["conversation show c-1", "the first hundred"],
    ["conversation show c-1 --category risk --latest", "the latest valid one of each resource"],
  ])
    .option("--category <name>", "only of this category")
    .option("--resource <name>", "only of this resource")
    .option("--scene <name>", "only of this scene")
    .option("--latest", "the latest valid one of each category and resource, newest first")
    .option("--limit <n>", "at most so many", readWhole, 100)
    .action(withContext(terminal, show));
  addCommand(group, "append <id> [file]", "append events, all or none", [
    [
      "conversation append c-1 --category risk --resource loan --payload 0.93",
      "one, from the command line",
    ],
    ["conversation append c-1 events.json", "an event, or an array of up to 1,000"],
    ["conversation append c-1 events.ndjson", "an event a line"],
  ])
    .option("--category <name>", "its category")
    .option("--resource <name>", "its resource")
    .option("--scene <name>", "its scene")
    .option("--payload <json>", "what happened, as JSON")
    .option("--model <name>", "which model it comes from")
    .option("--strategy <name>", "by which strategy")
    .option("--model-version <version>", "of which version")
    .action(withContext(terminal, append));
}

const eventsPath = (id: string): string =>
  `/v1/conversations/${encodeURIComponent(readOwnId(id))}/events`;

interface ShowOptions {
  readonly category?: string;
  readonly resource?: string;
  readonly scene?: string;
  readonly latest?: boolean;
  readonly limit: number;
}

async function show(
  context: Context,
  id: string,
  { category, resource, scene, latest, limit }: ShowOptions,
): Promise<void> {
  const query = { category, resource, scene, latest: latest === true ? "true" : undefined };
  const items = await readPages(context.api, eventsSchema, eventsPath(id), query, limit);
  context.print({ items }, () => {
    if (items.length === 0) return "no such events";
    const rows = items.map((event) => [
      formatTime(event.at),
      printable(event.category),
      printable(event.resource),
      printable(event.scene ?? "-"),
      printable(`${event._model}@${event._version}`),
      printable(event._strategy),
      event.valid === false ? "(not valid)" : formatValue(event.payload),
    ]);
    return renderTable(COLUMNS, rows, context.style, context.width);
  });
}

const COLUMNS = [
  { title: "AT (UTC)" },
  { title: "CATEGORY", flexible: true },
  { title: "RESOURCE", flexible: true },
  { title: "SCENE", flexible: true },
  { title: "MODEL", flexible: true },
  { title: "STRATEGY" },
  { title: "PAYLOAD", flexible: true },
] as const;

interface AppendOptions {
  readonly category?: string;
  readonly resource?: string;
  readonly scene?: string;
  readonly payload?: string;
  readonly model?: string;
  readonly strategy?: string;
  readonly modelVersion?: string;
}

async function append(
  context: Context,
  id: string,
  file: string | undefined,
  options: AppendOptions,
): Promise<void> {
  const path = eventsPath(id);
  const appended =
    file === undefined
      ? await context.api.call(appendedSchema, "POST", path, eventOf(options))
      : await appendFile(context, path, file);
  context.print(
    appended,
    () => `${plural(appended.events.length, "event")} appended, ${appended.total} in all`,
  );
}

function eventOf({ payload, model, strategy, modelVersion, ...named }: AppendOptions): object {
  if (named.category === undefined || named.resource === undefined || payload === undefined) {
    throw usageFailure("give a file, or --category, --resource and --payload");
  }
  const value = parseOrUndefined(payload);
  if (value === undefined) {
    throw usageFailure("--payload is not JSON", `Text is written in quotes: --payload '"low"'.`);
  }
  refuseInexact(payload, "--payload");
  return { ...named, payload: value, _model: model, _strategy: strategy, _version: modelVersion };
}

function appendFile(context: Context, path: string, file: string) {
  const text = decodeUtf8(context.readBytes(file), file);
  if (/\.(ndjson|jsonl)$/i.test(file)) return context.api.lines(appendedSchema, path, [text]);
  const value = parseOrUndefined(text);
  if (value === undefined) {
    throw usageFailure(`${file} is not JSON`, "An event a line is a file named .ndjson.");
  }
  refuseInexact(text, file);
  return context.api.call(appendedSchema, "POST", path, value);
}
