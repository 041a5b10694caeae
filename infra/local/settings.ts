import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { SETTINGS } from "../../src/compose/config-schema.ts";
import { SECRET_NAME } from "../../src/core/model/strategies.ts";

/** What the local stack is told, complete. */
export interface StackSettings {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly dataDir: string;
  readonly adminToken: string;
  /** Milliseconds that a stop waits for jobs which are being worked on. */
  readonly shutdownMs: number;
  /** Settings of the Worker that were given in the environment; they replace the stack's own. */
  readonly given: Readonly<Record<string, string>>;
}

/** Something the user has to mend; the message says what and how. */
export class StackError extends Error {}

const isPassedOn = (name: string): boolean =>
  Object.hasOwn(SETTINGS, name) || SECRET_NAME.test(name);
const OWN = new Set(["FRESHET_DATA_DIR", "FRESHET_ADMIN_TOKEN"]);

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the stack's settings from the environment and makes its data folder.
 * The admin token, unless given, is made once and kept there for its owner alone.
 * @throws StackError when PORT or SHUTDOWN_MS is none or the folder cannot be written
 */
export async function readSettings(env: Environment): Promise<StackSettings> {
  const dataDir = resolve(env.FRESHET_DATA_DIR ?? ".freshet");
  try {
    await mkdir(dataDir, { recursive: true });
    return {
      host: env.HOST ?? "127.0.0.1",
      port: readPort(env.PORT ?? "8787"),
      dataDir,
      adminToken: env.FRESHET_ADMIN_TOKEN ?? (await keptToken(join(dataDir, "admin-token"))),
      shutdownMs: readShutdown(env.SHUTDOWN_MS ?? "10000"),
      given: givenTo(env),
    };
  } catch (error) {
    if (error instanceof StackError) throw error;
    throw new StackError(
      `cannot write to the data folder ${dataDir}: ${error instanceof Error ? error.message : error}. Set FRESHET_DATA_DIR to a folder that can be written.`,
    );
  }
}

function readPort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new StackError(
    `PORT is '${text}': it must be a whole number from 0 (any free port) to 65535.`,
  );
}

function readShutdown(text: string): number {
  if (/^\d{1,8}$/.test(text)) return Number(text);
  throw new StackError(
    `SHUTDOWN_MS is '${text}': it must be a whole number of milliseconds, up to 99999999.`,
  );
}

async function keptToken(path: string): Promise<string> {
  const kept = await readFile(path, "utf8").catch(() => "");
  if (kept.trim() !== "") return kept.trim();
  const token = randomBytes(32).toString("base64url");
  await writeFile(path, `${token}\n`, { mode: 0o600 });
  return token;
}

function givenTo(env: Environment): Record<string, string> {
  const names = Object.keys(env).filter((name) => isPassedOn(name) && !OWN.has(name));
  return Object.fromEntries(names.map((name) => [name, env[name] ?? ""]));
}

/** Tells whether only this machine can reach the address. */
export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || /^127\./.test(host);
