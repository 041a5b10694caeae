import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Api } from "./client/api.ts";
import { findToken } from "./client/token.ts";
import { errorCodeOf } from "./error-code.ts";
import { type CliFailure, usageFailure } from "./failure.ts";
import { createStyle, type Style } from "./output/style.ts";

/** The options that every command takes. */
export interface GlobalOptions {
  readonly url?: string;
  readonly token?: string;
  readonly json?: boolean;
  readonly color?: boolean;
  readonly verbose?: boolean;
}

/** The process as the commands see it. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  out(text: string): void;
  err(text: string): void;
  /** The bytes of stdin. */
  input(): AsyncIterable<Uint8Array>;
  /** As `out`; resolves once it is taken. */
  send(text: string): Promise<void>;
  /** Has `act` done when the user stops the command, before it ends. @returns takes that back */
  onStop(act: () => void): () => void;
  /** Whether a person reads stdout, and stderr. */
  readonly isOutTerminal: boolean;
  readonly isErrTerminal: boolean;
  /** Columns of stdout; `undefined` when it is no terminal. */
  readonly columns: number | undefined;
}

/** What a command works with. */
export interface Context {
  readonly api: Api;
  readonly isJson: boolean;
  readonly style: Style;
  /** Columns that a table may take. */
  readonly width: number;
  /** Whether progress is shown. */
  readonly isWatched: boolean;
  /** The answer: JSON for scripts, else text for people. Called once by a command. */
  print(answer: unknown, forPeople: () => string): void;
  /** What comes by stdin. */
  readonly input: Terminal["input"];
  /** Text that is no answer of the command's but what it makes, on stdout. */
  readonly send: Terminal["send"];
  readonly onStop: Terminal["onStop"];
  /** A remark beside the answer, on stderr; not in JSON mode. */
  note(text: string): void;
  readBytes(path: string): Uint8Array<ArrayBuffer>;
  /** A path as the user means it, made absolute. */
  pathOf(path: string): string;
}

export const DEFAULT_URL = "http://127.0.0.1:8787";

/** The server tries a model before it answers: that may take a while. */
const IDLE_MS = 120_000;

/** @throws CliFailure when the URL is none */
export function createContext(options: GlobalOptions, terminal: Terminal): Context {
  const { env } = terminal;
  const isJson = options.json === true;
  const url = readUrl(options.url ?? (env.FRESHET_URL || DEFAULT_URL));
  const { token, from } = findToken(options.token, url, env);
  if (options.verbose === true) {
    terminal.err(`server ${url.href}, token ${token === undefined ? "none" : `from ${from}`}\n`);
  }
  const noColor = (env.NO_COLOR ?? "") !== "" || options.color === false;
  return {
    api: new Api({ url, token, idleMs: IDLE_MS }),
    isJson,
    style: createStyle(terminal.isOutTerminal && !noColor && !isJson),
    width: terminal.columns ?? Number.POSITIVE_INFINITY,
    isWatched: terminal.isErrTerminal && !isJson,
    input: terminal.input,
    send: terminal.send,
    onStop: terminal.onStop,
    print: (answer, forPeople) =>
      terminal.out(`${isJson ? JSON.stringify(answer, null, 2) : forPeople()}\n`),
    note: (text) => {
      if (!isJson) terminal.err(`${text}\n`);
    },
    readBytes: (path) => readBytes(path, env),
    pathOf: (path) => pathOf(path, env),
  };
}

function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  throw usageFailure(`'${text}' is not the URL of a server`, `Write it like ${DEFAULT_URL}.`);
}

/** `npm run` changes to the package's folder; a path is meant from where the user stands. */
function pathOf(path: string, env: Terminal["env"]): string {
  const base = env.npm_lifecycle_event === "freshet" ? env.INIT_CWD : undefined;
  return resolve(base ?? ".", path);
}

function readBytes(path: string, env: Terminal["env"]): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(readFileSync(pathOf(path, env)));
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** What stands for stdin in the place of a file to read, and for stdout of one to write. */
export const STDIO = "-";

/** Why a file cannot be read, for a user. */
export function unreadable(path: string, error: unknown): CliFailure {
  const code = errorCodeOf(error);
  return usageFailure(`cannot read ${path}: ${READ_ERRORS[code] ?? code}`);
}

const READ_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a folder",
  EACCES: "it may not be read",
};
