import type { Scope } from "../core/model/scope.ts";
import type { HttpSettings } from "./deps.ts";
import type { Refusal } from "./problem.ts";

/**
 * Tells why a caller may not use a scope, or `undefined` when it may.
 * A public scope needs nothing; every other one needs the admin token as Bearer (RFC 6750).
 */
export function refuseScope(
  settings: HttpSettings,
  scope: Scope,
  authorization: string | null | undefined,
): Refusal | undefined {
  if (settings.publicScopes.has(scope)) return undefined;
  const token = /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
  if (token === undefined) {
    return unauthorized(`this needs the scope '${scope}': send 'Authorization: Bearer <token>'`);
  }
  if (settings.adminToken !== "" && sameText(token, settings.adminToken)) return undefined;
  return unauthorized("the token is not valid");
}

const unauthorized = (detail: string): Refusal => ({
  status: 401,
  code: "unauthorized",
  detail,
  headers: { "www-authenticate": 'Bearer realm="freshet"' },
});

/** Compares without telling by time where the first difference is; only the length shows. */
function sameText(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let index = 0; index < a.length; index += 1) {
    difference |= a.charCodeAt(index) ^ b.charCodeAt(index % b.length);
  }
  return difference === 0;
}
