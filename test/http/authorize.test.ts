import { describe, expect, it } from "vitest";
import type { Scope } from "../../src/core/model/scope.ts";
import { ADMIN_TOKEN } from "../support/http-app.ts";
import { createIrisApp, errorOf, features, INFER } from "./iris-app.ts";

const BODY = JSON.stringify({ inputs: [features([3, 2, 1, 0])] });

/** One route of each scope. */
const ROUTES: Readonly<Record<"infer" | "read" | "admin", readonly [string, RequestInit]>> = {
  infer: [INFER, { method: "POST", body: BODY }],
  read: ["/v2/models", {}],
  admin: ["/v2/repository/models/iris-logreg/load", { method: "POST" }],
};

const PUBLIC: Readonly<Record<string, readonly Scope[]>> = {
  nothing: [],
  "infer alone": ["infer"],
  "infer and read": ["infer", "read"],
};

const WRONG: Readonly<Record<string, string | undefined>> = {
  "no token": undefined,
  "a wrong token": "Bearer not-the-token",
  "the token cut short": `Bearer ${ADMIN_TOKEN.slice(0, -1)}`,
  "the token and more": `Bearer ${ADMIN_TOKEN}x`,
  "the token in other letters": `Bearer ${ADMIN_TOKEN.toUpperCase()}`,
  "the token by another scheme": `Basic ${ADMIN_TOKEN}`,
  "the token alone": ADMIN_TOKEN,
  "two words": `Bearer ${ADMIN_TOKEN} ${ADMIN_TOKEN}`,
  "an empty token": "Bearer ",
};

const cases = Object.entries(PUBLIC).flatMap(([name, scopes]) =>
  (["infer", "read", "admin"] as const).map((scope) => ({ name, scopes, scope })),
);

async function ask(scopes: readonly Scope[], scope: keyof typeof ROUTES, authorization?: string) {
  const app = await createIrisApp({ publicScopes: new Set(scopes) });
  const [path, init] = ROUTES[scope];
  const headers = authorization === undefined ? {} : { authorization };
  return { app, answer: await app.request(path, { ...init, headers }) };
}

describe("a token", () => {
  it.each(cases)("where $name is public: what $scope needs", async ({ scopes, scope }) => {
    for (const [what, authorization] of Object.entries(WRONG)) {
      const { answer } = await ask(scopes, scope, authorization);
      expect([what, answer.status]).toEqual([what, scopes.includes(scope) ? 200 : 401]);
    }
    const { answer } = await ask(scopes, scope, `Bearer ${ADMIN_TOKEN}`);
    expect(answer.status).toBe(200);
  });

  it("is asked for by what the route needs, in the protocol's error", async () => {
    const { answer } = await ask([], "read");
    expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="freshet"');
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(await errorOf(answer)).toMatch(/scope 'read'.*Authorization: Bearer/);
  });

  it("stands in no answer and no event, right or wrong", async () => {
    for (const token of [ADMIN_TOKEN, "a-wrong-secret"]) {
      for (const scope of ["infer", "read", "admin"] as const) {
        const { app, answer } = await ask([], scope, `Bearer ${token}`);
        const said = JSON.stringify([[...answer.headers], await answer.text(), app.events]);
        expect(said).not.toContain(token);
        expect(said).not.toContain(ADMIN_TOKEN);
      }
    }
  });

  it("may be introduced in any case, with several spaces (RFC 9110, 11.1)", async () => {
    expect((await ask([], "admin", `bearer   ${ADMIN_TOKEN}`)).answer.status).toBe(200);
  });

  it("that is not configured opens nothing", async () => {
    const app = await createIrisApp({ publicScopes: new Set(), adminToken: "" });
    for (const authorization of ["Bearer ", "Bearer undefined", "Bearer x"]) {
      const answer = await app.request("/v2/models", { headers: { authorization } });
      expect(answer.status).toBe(401);
    }
  });

  it("is checked before anything is read or looked up", async () => {
    const app = await createIrisApp({ publicScopes: new Set() });
    const answer = await app.post("/v2/models/no-such-model/infer", "not a request");
    expect(answer.status).toBe(401);
  });

  it("is not asked for by probes and by what tells how to use the service", async () => {
    const app = await createIrisApp({ publicScopes: new Set() });
    const paths = ["/health", "/health/live", "/health/ready", "/v2/health/live"];
    for (const path of [...paths, "/v2/health/ready", "/version", "/openapi.json", "/docs"]) {
      expect([path, (await app.request(path)).status]).toEqual([path, 200]);
    }
  });
});
