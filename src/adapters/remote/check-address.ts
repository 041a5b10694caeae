import { ok, type Result } from "../../core/model/result.ts";
import type { RemoteFailure } from "../../core/ports/remote-models.ts";
import { type AllowedHost, isIpAddress, isLoopbackHost } from "./allowed-hosts.ts";
import { notAllowed } from "./failures.ts";

/** Where remote calls may go. */
export interface AddressRules {
  readonly hosts: readonly AllowedHost[];
  /** A Worker on somebody's own machine: its loopback may be reached, and without TLS. */
  readonly isLocal: boolean;
}

/**
 * Whether a deployment may send requests to an address: a host of the list, by its name, over
 * TLS. What a name resolves to is not looked at: whoever puts it on the list vouches for it.
 * Compared is what the URL standard makes of the text, which is what a request goes to.
 */
export function checkAddress(rules: AddressRules, text: string): Result<URL, RemoteFailure> {
  const url = parsed(text);
  if (url === undefined) return notAllowed("the url is none");
  const { protocol, hostname, username, password } = url;
  if (username !== "" || password !== "") {
    return notAllowed("the url has a user or a password in it: name a secret instead");
  }
  const isOwnMachine = rules.isLocal && isLoopbackHost(hostname);
  if (protocol !== "https:" && !(protocol === "http:" && isOwnMachine)) {
    return notAllowed("the url must begin with https://");
  }
  if (isIpAddress(hostname) && !isOwnMachine) {
    return notAllowed("the url has an IP address for a host: give it a name");
  }
  if (rules.hosts.some((host) => isSame(host, url))) return ok(url);
  return notAllowed(`${url.host} is not in FRESHET_REMOTE_HOSTS`);
}

function parsed(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

function isSame(host: AllowedHost, { protocol, hostname, port }: URL): boolean {
  // The URL standard drops a port that is the scheme's own.
  const usual = protocol === "https:" ? 443 : 80;
  return (
    host.hostname === hostname && (host.port ?? usual) === (port === "" ? usual : Number(port))
  );
}
