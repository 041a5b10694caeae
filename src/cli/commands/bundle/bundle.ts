import type { Command } from "commander";
import { addGroup } from "../../command.ts";
import type { Terminal } from "../../context.ts";
import { addManageCommands } from "./manage.ts";
import { addRunCommands } from "./run.ts";

/** `bundle`: sets of models that are loaded, warmed and asked together. */
export function addBundleCommands(program: Command, terminal: Terminal): void {
  const group = addGroup(program, "bundle", "sets of models: loaded, warmed and asked together");
  addManageCommands(group, terminal);
  addRunCommands(group, terminal);
}
