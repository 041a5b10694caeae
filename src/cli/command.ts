import { Command } from "commander";
import { type Context, createContext, type GlobalOptions, type Terminal } from "./context.ts";

/** One line of a command's examples. */
export type Example = readonly [line: string, what: string];

export type Adder = (parent: Command, terminal: Terminal) => void;

/** A command with its examples; its options and action are added by the caller. */
export function addCommand(
  parent: Command,
  usage: string,
  summary: string,
  examples: readonly Example[],
): Command {
  const command = parent.command(usage).description(summary);
  command.addHelpText("after", renderExamples(examples));
  return command;
}

/** A group of commands: what it is called alone, it tells. */
export const addGroup = (parent: Command, name: string, summary: string): Command =>
  parent.command(name).description(summary).helpCommand(false);

function renderExamples(examples: readonly Example[]): string {
  const lines = examples.map(([line, what]) => `  # ${what}\n  $ freshet ${line}`);
  return `\nExamples:\n${lines.join("\n")}`;
}

/** Gives an action its context, made from the options before and after the command's name. */
export const withContext =
  <Args extends readonly unknown[]>(
    terminal: Terminal,
    run: (context: Context, ...args: Args) => Promise<void>,
  ) =>
  async (...given: unknown[]): Promise<void> => {
    const command = given.at(-1);
    if (!(command instanceof Command)) throw new Error("commander passes the command last");
    const context = createContext(command.optsWithGlobals<GlobalOptions>(), terminal);
    // commander gives the declared arguments in order, then the options: what Args says.
    await run(context, ...(given.slice(0, -1) as unknown as Args));
  };
