import type { Command } from "commander";
import { modelPath, readReference } from "../arguments.ts";
import { movedSchema } from "../client/answers.ts";
import { addCommand, withContext } from "../command.ts";
import type { Context, Terminal } from "../context.ts";
import { printMoved } from "./printed-move.ts";

interface PromoteOptions {
  readonly from: string;
  readonly to: string;
  readonly reason?: string;
  readonly force?: boolean;
}

interface RollBackOptions {
  readonly alias: string;
  readonly to?: string;
  readonly reason?: string;
}

/** `promote` and `rollback`: the two moves of a release. */
export function addMoveCommands(program: Command, terminal: Terminal): void {
  addCommand(program, "promote <name>", "point one alias at what another serves", [
    ["promote iris", "production takes what staging serves"],
    ["promote iris --from canary --reason 'one week without alarms'", "from another alias"],
  ])
    .option("--from <alias>", "the alias to take from", "staging")
    .option("--to <alias>", "the alias to move", "production")
    .option("--reason <text>", "why, for the history")
    .option("--force", "past a changed interface")
    .action(withContext(terminal, promote));
  addCommand(program, "rollback <name>", "point an alias back at what it served before", [
    ["rollback iris --reason 'complaints'", "production goes back by one"],
    ["rollback iris --alias staging --to 1", "to a version of your choice"],
  ])
    .option("--alias <alias>", "the alias to move", "production")
    .option("--to <version>", "a version to go back to")
    .option("--reason <text>", "why, for the history")
    .action(withContext(terminal, rollBack));
}

async function promote(context: Context, name: string, options: PromoteOptions): Promise<void> {
  const { model } = readReference(name);
  const { from, to, reason, force } = options;
  const body = { from, to, reason, force };
  const path = modelPath(model, "promote");
  printMoved(context, model, await context.api.call(movedSchema, "POST", path, body));
}

async function rollBack(context: Context, name: string, options: RollBackOptions): Promise<void> {
  const { model } = readReference(name);
  const { alias, to, reason } = options;
  const path = modelPath(model, "rollback");
  printMoved(
    context,
    model,
    await context.api.call(movedSchema, "POST", path, { alias, to, reason }),
  );
}
