import { fail, ok, type Result } from "../../core/model/result.ts";

/** A host that remote calls may go to, as the URL standard writes it. */
export interface AllowedHost {
  readonly hostname: string;
  /** Missing: the scheme's own. */
  readonly port: number | undefined;
}

export interface BadHost {
  readonly reason: "bad_host";
  readonly detail: string;
}

const ENTRY = /^(\[[0-9A-Fa-f:.]+\]|[^\s/\\?#@:[\]]+)(?::(\d{1,5}))?$/;

/**
 * Reads a comma-separated list of `host` or `host:port`. No wildcards: what is not named is not
 * reached. Hosts are written as the URL standard does, so `EXAMPLE.com` and an address in
 * hexadecimal are known for what they are.
 */
export function parseAllowedHosts(list: string): Result<readonly AllowedHost[], BadHost> {
  const hosts: AllowedHost[] = [];
  for (const word of list.split(",")) {
    const entry = word.trim();
    if (entry === "") continue;
    const host = parseEntry(entry);
    if (host === undefined) {
      return fail({
        reason: "bad_host",
        detail: "must be a comma-separated list of host or host:port, without scheme, path or '*'",
      });
    }
    hosts.push(host);
  }
  return ok(hosts);
}

function parseEntry(entry: string): AllowedHost | undefined {
  const [, name = "", port] = ENTRY.exec(entry) ?? [];
  if (name === "" || name.includes("*")) return undefined;
  const number = port === undefined ? undefined : Number(port);
  if (number !== undefined && (number < 1 || number > 65_535)) return undefined;
  try {
    const { hostname } = new URL(`https://${name}`);
    return hostname === "" ? undefined : { hostname, port: number };
  } catch {
    return undefined;
  }
}

/** Whether a host name, as the URL standard writes it, is an IP address. That standard turns decimal, octal and hexadecimal forms into the dotted one. */
export const isIpAddress = (hostname: string): boolean =>
  hostname.startsWith("[") || /^\d{1,3}(\.\d{1,3}){3}$/.test(hostname);

/** Whether it names this machine itself. */
export const isLoopbackHost = (hostname: string): boolean =>
  hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
