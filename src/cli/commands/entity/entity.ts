import type { Command } from "commander";
import { addGroup } from "../../command.ts";
import type { Terminal } from "../../context.ts";
import { addImportCommand } from "./import.ts";
import { addManageCommands } from "./manage.ts";

/** `entity`: stored features and states of things in the world. */
export function addEntityCommands(program: Command, terminal: Terminal): void {
  const group = addGroup(program, "entity", "stored features of things, and what became of them");
  addManageCommands(group, terminal);
  addImportCommand(group, terminal);
}
