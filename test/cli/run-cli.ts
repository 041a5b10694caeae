import { type ChildProcess, execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { buildCli } from "../../infra/build/cli.ts";
import { TEST_TOKEN } from "../support/stack.ts";

const ROOT = join(import.meta.dirname, "..", "..");

let built: Promise<string> | undefined;
const folders: string[] = [];

// Of every file that imports this: a worker is killed before it could clean up at its exit.
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** The command line as the package has it, built once: it starts in a third of the time. */
function buildOnce(): Promise<string> {
  // Inside the repository, so that it finds onnxruntime-web.
  const cache = join(ROOT, "node_modules", ".cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "freshet-cli-"));
  folders.push(folder);
  return buildCli(folder).then(() => join(folder, "cli.js"));
}

/** How a command ended, and what it said. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

type Environment = Readonly<Record<string, string>>;

/** Runs the real command line as a process, away from any `.freshet` folder. */
export async function runCli(
  args: readonly string[],
  env: Environment = {},
  cwd: string = tmpdir(),
): Promise<Ran> {
  return (await startCli(args, env, cwd)).ended;
}

/** The real command line as a process that runs, with what it reads and how it will have ended. */
export async function startCli(
  args: readonly string[],
  env: Environment = {},
  cwd: string = tmpdir(),
): Promise<{ readonly child: ChildProcess; readonly ended: Promise<Ran> }> {
  built ??= buildOnce();
  const file = await built;
  const { PATH = "" } = process.env;
  let child: ChildProcess | undefined;
  const ended = new Promise<Ran>((resolve) => {
    const options = { cwd, env: { PATH, ...env } };
    child = execFile(process.execPath, [file, ...args], options, (error, out, err) => {
      const code = error === null ? 0 : Number(error.code ?? -1);
      resolve({ code, out, err });
    });
  });
  if (child === undefined) throw new Error("the process has not started");
  return { child, ended };
}

/** A command line for one server, with its token. */
export const cliFor =
  (url: string, token: string = TEST_TOKEN) =>
  (...args: readonly string[]): Promise<Ran> =>
    runCli(args, { FRESHET_URL: url, FRESHET_TOKEN: token });

/** The answer of a command that must succeed, as JSON. */
export async function jsonOf(running: Promise<Ran>): Promise<unknown> {
  const { code, out, err } = await running;
  if (code !== 0) throw new Error(`exit code ${code}: ${err}`);
  return JSON.parse(out);
}

/** Where an invalid file stands. */
export const invalidFile = (name: string): string =>
  join(ROOT, "test", "fixtures", "invalid", name);
