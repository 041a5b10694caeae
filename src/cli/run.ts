import { CommanderError } from "commander";
import type { Terminal } from "./context.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { CliFailure, usageFailure } from "./failure.ts";
import { createStyle, printable, type Style } from "./output/style.ts";
import { createProgram } from "./program.ts";

/** Runs one command line and answers the exit code. Never throws. */
export async function run(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let hasAnswered = false;
  const out = (text: string) => {
    hasAnswered = true;
    terminal.out(text);
  };
  try {
    const send = (text: string) => {
      hasAnswered = true;
      return terminal.send(text);
    };
    await createProgram({ ...terminal, out, send }).parseAsync([...args], { from: "user" });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) {
      // commander has told people already; help and version are no errors.
      if (error.exitCode === 0) return EXIT.ok;
      if (args.includes("--json")) terminal.out(asJson(misread(error)));
      return EXIT.usage;
    }
    const failure = error instanceof CliFailure ? error : bug(error);
    const noColor = (terminal.env.NO_COLOR ?? "") !== "" || args.includes("--no-color");
    // A check that fails has given its report: that is the answer.
    if (args.includes("--json") && !hasAnswered) terminal.out(asJson(failure));
    tell(failure, createStyle(terminal.isErrTerminal && !noColor), terminal);
    return failure.exitCode;
  }
}

/** One line, then each field that is wrong on its own. */
function tell({ message, facts }: CliFailure, style: Style, terminal: Terminal): void {
  const { hint, errors = [] } = facts;
  const end = /[.!?]$/.test(message) ? "" : ".";
  const advice = hint === undefined ? "" : `${end} ${hint}`;
  const lines = [
    `${style.bad("error:")} ${printable(message)}${advice}`,
    ...errors.map(({ path, message: what }) => `  ${printable(path)}: ${printable(what)}`),
  ];
  terminal.err(`${lines.join("\n")}\n`);
}

const asJson = ({ message, facts }: CliFailure): string => {
  const { code, status, requestId, errors } = facts;
  const error = { code, detail: message, status, request_id: requestId, errors };
  return `${JSON.stringify({ error }, null, 2)}\n`;
};

/** What commander says of a command line; it has no words of its own for one that ends in a group's name. */
const misread = ({ message }: CommanderError): CliFailure =>
  usageFailure(
    message.startsWith("(") ? "a command is missing" : message.replace(/^error: /, "").trim(),
  );

function bug(error: unknown): CliFailure {
  const message = error instanceof Error ? error.message : String(error);
  return new CliFailure(EXIT.refused, `something went wrong inside freshet: ${message}`, {
    code: "internal_error",
    hint: "That is a bug: please report it with the command that you ran.",
  });
}
