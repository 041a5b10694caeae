import type { Command } from "commander";
import type { z } from "zod";
import { isObject } from "../../../core/model/is-object.ts";
import { readWhole } from "../../arguments.ts";
import { entitiesSchema, entitySchema } from "../../client/entity-answers.ts";
import { readPages } from "../../client/pages.ts";
import { parseOrUndefined } from "../../client/problem.ts";
import { addCommand, withContext } from "../../command.ts";
import type { Context, Terminal } from "../../context.ts";
import { refuseInexact } from "../../exact-json.ts";
import { usageFailure } from "../../failure.ts";
import { renderFacts, renderTable } from "../../output/table.ts";
import { formatTime } from "../../output/units.ts";
import { formatPairs, formatValue } from "../../output/words.ts";
import { decodeUtf8 } from "../../utf8.ts";
import { entityPath, readOutcome } from "./paths.ts";
import { tellPredictions } from "./predictions-told.ts";

type Entity = z.output<typeof entitySchema>;

/** `entity put`, `get`, `list`, `finish` and `delete`. */
export function addManageCommands(group: Command, terminal: Terminal): void {
  addCommand(group, "put <type> <id>", "make an entity, or replace its features", [
    [`entity put match m-1 --features '{"home_strength": 1.2}'`, "from the command line"],
    ["entity put match m-1 --file m-1.json", "from a file with the features as JSON"],
    ["entity put match m-1 --reopen", "take back that it is finished, and its outcome"],
  ])
    .option("--features <json>", "the features, an object")
    .option("--file <path>", "a JSON file with the features")
    .option("--reopen", "open it again though it is finished")
    .action(withContext(terminal, put));
  addCommand(group, "get <type> <id>", "show an entity", [
    ["entity get match m-1", "its state, outcome and features"],
  ]).action(withContext(terminal, get));
  addCommand(group, "list <type>", "list entities by id", [
    ["entity list match --state open", "those whose outcome is not known yet"],
    ["entity list match --json | jq -r '.items[].id'", "their ids, for a script"],
  ])
    .option("--state <state>", "only those that are open, or finished")
    .option("--limit <n>", "at most so many", readWhole, 100)
    .action(withContext(terminal, list));
  addCommand(group, "finish <type> <id> <outcome>", "tell what became of an entity", [
    ["entity finish match m-1 home", "text"],
    ["entity finish house h-7 312000", "a number"],
    ["entity finish match m-1 away --replace", "another outcome than before"],
  ])
    .option("--text", "take the outcome as text, though it looks like a number")
    .option("--replace", "though it has another outcome already")
    .action(withContext(terminal, finish));
  addCommand(group, "delete <type> <id>", "delete an entity", [
    ["entity delete match m-1", "its features and its outcome are gone"],
  ]).action(withContext(terminal, remove));
}

interface PutOptions {
  readonly features?: string;
  readonly file?: string;
  readonly reopen?: boolean;
}

async function put(
  context: Context,
  type: string,
  id: string,
  { features, file, reopen }: PutOptions,
): Promise<void> {
  const path = entityPath(type, id);
  const body = {
    features: readFeatures(context, features, file),
    ...(reopen === true ? { state: "open", replace: true } : {}),
  };
  const entity = await context.api.call(entitySchema, "PUT", path, body);
  context.print(entity, () => `${type} ${id} is ${entity.state} (revision ${entity.rev})`);
}

/** `undefined` leaves them as they are. */
function readFeatures(
  context: Context,
  features: string | undefined,
  file: string | undefined,
): object | undefined {
  if (features !== undefined && file !== undefined) {
    throw usageFailure("give either --features or --file");
  }
  if (features === undefined && file === undefined) return undefined;
  const text = features ?? decodeUtf8(context.readBytes(file ?? ""), file ?? "");
  const value = parseOrUndefined(text);
  const from = features === undefined ? (file ?? "") : "--features";
  if (isObject(value)) {
    refuseInexact(text, from);
    return value;
  }
  throw usageFailure(
    `${from} is not an object in JSON`,
    'Features look like {"home_strength": 1.2}.',
  );
}

async function get(context: Context, type: string, id: string): Promise<void> {
  const entity = await context.api.get(entitySchema, entityPath(type, id));
  context.print(entity, () =>
    renderFacts(
      [
        ["entity", `${type} ${id}`],
        ["state", entity.state],
        ["outcome", entity.outcome === undefined ? undefined : formatValue(entity.outcome)],
        ["features", formatPairs(entity.features) || "none"],
        ["created", formatTime(entity.created_at)],
        ["updated", formatTime(entity.updated_at)],
        ["revision", String(entity.rev)],
      ],
      context.style,
    ),
  );
}

async function list(
  context: Context,
  type: string,
  { state, limit }: { readonly state?: string; readonly limit: number },
): Promise<void> {
  const path = entityPath(type);
  const items = await readPages(context.api, entitiesSchema, path, { state }, limit);
  context.print({ items }, () => {
    if (items.length === 0) return `no such '${type}' yet: freshet entity put ${type} ID`;
    return renderTable(COLUMNS, items.map(rowOf), context.style, context.width);
  });
}

const rowOf = ({ id, state, outcome, updated_at, features }: Entity): readonly string[] => [
  id,
  state,
  formatValue(outcome),
  formatTime(updated_at),
  formatPairs(features),
];

const COLUMNS = [
  { title: "ID" },
  { title: "STATE" },
  { title: "OUTCOME", flexible: true },
  { title: "UPDATED (UTC)" },
  { title: "FEATURES", optional: true },
] as const;

async function finish(
  context: Context,
  type: string,
  id: string,
  word: string,
  { text, replace }: { readonly text?: boolean; readonly replace?: boolean },
): Promise<void> {
  const outcome = text === true ? word : readOutcome(word);
  if (typeof outcome === "number") refuseInexact(word, "the outcome");
  const body = { state: "finished", outcome, replace };
  const entity = await context.api.call(entitySchema, "PUT", entityPath(type, id), body);
  context.print(entity, () => {
    const head = `${type} ${id} is finished: ${formatValue(entity.outcome)} (revision ${entity.rev})`;
    return [head, ...tellPredictions(entity.predictions)].join("\n");
  });
}

async function remove(context: Context, type: string, id: string): Promise<void> {
  await context.api.remove(entityPath(type, id));
  context.print({ deleted: { type, id } }, () => `deleted ${type} ${id}`);
}
