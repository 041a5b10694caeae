import { describe, expect, it } from "vitest";
import type { Scope } from "../../../src/core/model/scope.ts";
import { createRegistryApp, MODEL } from "../../support/registry-http.ts";

/** What each route of the registry asks for. */
const ROUTES: readonly (readonly [Scope, string, string])[] = [
  ["read", "GET", "/v1/models"],
  ["read", "GET", MODEL],
  ["read", "GET", "/v1/storage"],
  ["read", "GET", `${MODEL}/versions`],
  ["read", "GET", `${MODEL}/versions/1`],
  ["read", "GET", `${MODEL}/compare?a=1&b=1`],
  ["read", "GET", `${MODEL}/aliases`],
  ["read", "GET", `${MODEL}/deployment`],
  ["read", "GET", `${MODEL}/history`],
  ["publish", "POST", `${MODEL}/versions`],
  ["admin", "PATCH", `${MODEL}/versions/1`],
  ["admin", "DELETE", `${MODEL}/versions/1`],
  ["admin", "PUT", `${MODEL}/aliases/staging`],
  ["admin", "DELETE", `${MODEL}/aliases/staging`],
  ["admin", "POST", `${MODEL}/promote`],
  ["admin", "POST", `${MODEL}/rollback`],
  ["admin", "PUT", `${MODEL}/deployment`],
  ["admin", "POST", `${MODEL}/prune`],
  ["admin", "POST", "/v1/store/probe"],
];

const SCOPES: readonly Scope[] = ["read", "publish", "admin"];

describe("a route of the registry", () => {
  it.each(ROUTES)("asks for '%s': %s %s", async (scope, method, path) => {
    for (const given of SCOPES) {
      const { send } = createRegistryApp({ publicScopes: new Set([given]) });
      const answer = await send(method, path, undefined, { authorization: "Basic nobody" });
      expect([given, answer.status === 401]).toEqual([given, given !== scope]);
      if (answer.status !== 401) continue;
      expect(answer.body).toMatchObject({ code: "unauthorized", status: 401 });
      expect(answer.body.detail).toContain(`scope '${scope}'`);
      expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="freshet"');
    }
  });
});
