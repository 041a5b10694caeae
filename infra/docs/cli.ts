import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { Command } from "commander";
import { createProgram } from "../../src/cli/program.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const HELP_WIDTH = 88;

/** Where the page stands in the repository. */
export const CLI_PAGE = join(ROOT, "docs", "cli.md");

/** The page of all commands, made of what their `--help` says. */
export function renderCli(): string {
  let help = "";
  const program = createProgram(
    {
      env: {},
      out: (text) => {
        help += text;
      },
      err: () => undefined,
      input: () => Readable.from([]),
      send: () => Promise.resolve(),
      onStop: () => () => undefined,
      isOutTerminal: false,
      isErrTerminal: false,
      columns: undefined,
    },
    HELP_WIDTH,
  );
  const helpOf = (command: Command): string => {
    help = "";
    command.outputHelp();
    return help.trim();
  };
  const sections = leavesOf(program).flatMap(({ path, command }) => [
    `## ${path}`,
    "",
    "```text",
    withoutGlobals(helpOf(command)),
    "```",
    "",
  ]);
  return [
    "# Command line",
    "",
    "<!-- Made by `npm run docs` from src/cli. -->",
    "",
    INTRODUCTION,
    "",
    "```text",
    helpOf(program),
    "```",
    "",
    ...sections,
  ]
    .join("\n")
    .replace(/\n+$/, "\n");
}

const INTRODUCTION = `\`npm run freshet -- COMMAND\` in a clone, \`npx freshet COMMAND\` from the package (Node 20 or newer). It is a client of the HTTP API and may do what its token may; \`model check\` needs no server.

- **Server**: \`--url\` or \`FRESHET_URL\`.
- **Token**: \`FRESHET_TOKEN\`, or \`--token\`, which other users of the machine can see. For a server on loopback the one that \`npm start\` keeps in \`.freshet/admin-token\` is used when nothing else is given.
- **For scripts**: \`--json\` puts the answer on stdout as one JSON document and nothing else; a failure is \`{"error": {"code", "detail", "status"?, "request_id"?, "errors"?}}\`, unless a check failed: then the check's report is the answer. What is for people goes to stderr.
- **Exit codes** say how it went, with or without \`--json\`: see below.

The global options may stand before or after the command; they are shown once, here.`;

interface Leaf {
  readonly path: string;
  readonly command: Command;
}

function leavesOf(command: Command, above = ""): readonly Leaf[] {
  const path = `${above} ${command.name()}`.trim();
  if (command.commands.length === 0) return [{ path, command }];
  return command.commands.flatMap((below) => leavesOf(below, path));
}

const withoutGlobals = (help: string): string =>
  help.replace(/\n\nGlobal Options:\n[\s\S]*?(?=\n\n|$)/, "");

if (process.argv[1] === import.meta.filename) await writeFile(CLI_PAGE, renderCli());
