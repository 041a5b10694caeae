import type { Command } from "commander";
import { isVersion } from "../../core/model/reference.ts";
import { modelPath, readReference, readWeights } from "../arguments.ts";
import { aliasesSchema, movedSchema } from "../client/answers.ts";
import { addCommand, addGroup, withContext } from "../command.ts";
import type { Context, Terminal } from "../context.ts";
import { usageFailure } from "../failure.ts";
import { renderTable } from "../output/table.ts";
import { formatRoute } from "../output/words.ts";
import { printMoved } from "./printed-move.ts";

interface SetOptions {
  readonly weights?: Readonly<Record<string, number>>;
  readonly shadow?: string;
  readonly reason?: string;
  readonly force?: boolean;
}

/** `alias`: names that move from version to version. */
export function addAliasCommands(program: Command, terminal: Terminal): void {
  const group = addGroup(program, "alias", "names that move between versions");
  addCommand(group, "set <name> <alias> [version]", "point an alias at a version, or split it", [
    ["alias set iris staging 3", "staging is version 3"],
    ["alias set iris production --weights 1=90,2=10", "every tenth request goes to version 2"],
    ["alias set iris production 1 --shadow 2", "version 2 is run beside, not answered from"],
  ])
    .option("--weights <shares>", "shares by version that sum to 100: 1=90,2=10", readWeights)
    .option("--shadow <version>", "run this version beside it")
    .option("--reason <text>", "why, for the history")
    .option("--force", "past a changed interface")
    .action(withContext(terminal, set));
  addCommand(group, "list <name>", "where each alias of a model points", [
    ["alias list iris", "all of them"],
  ]).action(withContext(terminal, list));
  addCommand(group, "remove <name> <alias>", "take an alias away", [
    ["alias remove iris canary", "the versions stay"],
  ])
    .option("--reason <text>", "why, for the history")
    .action(withContext(terminal, remove));
}

async function set(
  context: Context,
  name: string,
  alias: string,
  version: string | undefined,
  { weights, shadow, reason, force }: SetOptions,
): Promise<void> {
  const { model } = readReference(name);
  if ((version === undefined) === (weights === undefined)) {
    throw usageFailure("give either a version or --weights");
  }
  if (version !== undefined && !isVersion(version)) {
    throw usageFailure(`'${version}' is not a version: a whole number from 1`);
  }
  const rest = { reason, force };
  const body =
    version !== undefined && shadow === undefined
      ? { version, ...rest }
      : { weights: weights ?? { [version ?? ""]: 100 }, shadow, ...rest };
  const path = modelPath(model, "aliases", alias);
  printMoved(context, model, await context.api.call(movedSchema, "PUT", path, body));
}

async function list(context: Context, name: string): Promise<void> {
  const { model } = readReference(name);
  const found = await context.api.get(aliasesSchema, modelPath(model, "aliases"));
  context.print(found, () => {
    const rows = Object.entries(found.aliases).map(([alias, route]) => [alias, formatRoute(route)]);
    const columns = [{ title: "ALIAS" }, { title: "VERSION", flexible: true as const }];
    return renderTable(columns, rows, context.style, context.width);
  });
}

async function remove(
  context: Context,
  name: string,
  alias: string,
  { reason }: { readonly reason?: string },
): Promise<void> {
  const { model } = readReference(name);
  const removed = await context.api.remove(modelPath(model, "aliases", alias), { reason });
  context.print(removed, () => `${model} has no alias ${alias} any more`);
}
