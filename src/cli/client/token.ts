import { readFileSync } from "node:fs";
import { join } from "node:path";
import { usageFailure } from "../failure.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export interface FoundToken {
  readonly token: string | undefined;
  /** Where it was found, for --verbose. */
  readonly from: string;
}

/**
 * The token to send: `--token`, FRESHET_TOKEN, or, for a server on this machine, the one
 * that the local stack keeps in its data folder.
 */
export function findToken(given: string | undefined, url: URL, env: Environment): FoundToken {
  if (given !== undefined) return { token: checkToken(given, "--token"), from: "--token" };
  const set = env.FRESHET_TOKEN ?? "";
  if (set !== "") return { token: checkToken(set, "FRESHET_TOKEN"), from: "FRESHET_TOKEN" };
  const path = join(env.FRESHET_DATA_DIR ?? ".freshet", "admin-token");
  const kept = isLoopback(url) ? readOrEmpty(path) : "";
  return kept === "" ? { token: undefined, from: "nowhere" } : { token: kept, from: path };
}

/** What no header can carry is no token: a line too many, mostly. */
function checkToken(text: string, from: string): string {
  if (/^[\x21-\x7e]+$/.test(text)) return text;
  throw usageFailure(`${from} holds no token: it is empty, or has blanks or foreign letters in it`);
}

/** Whether a URL leads to this machine itself. */
export const isLoopback = ({ hostname }: URL): boolean =>
  hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}
