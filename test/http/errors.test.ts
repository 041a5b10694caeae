import { gzipSync } from "node:zlib";
import { beforeEach, describe, expect, it } from "vitest";
import type { HttpApp } from "../support/http-app.ts";
import { createIrisApp, errorOf, features, INFER } from "./iris-app.ts";

describe("a refusal", () => {
  let app: HttpApp;
  beforeEach(async () => {
    app = await createIrisApp({ maxBodyBytes: 2_000 });
  });

  const post = (body: Buffer | string, headers: Record<string, string> = {}) =>
    app.request(INFER, {
      method: "POST",
      body: typeof body === "string" ? body : new Uint8Array(body),
      headers,
    });

  it.each(["/v2/nothing", "/v2/", "/v2/models/iris-logreg/versions/1/nothing"])(
    "under /v2 is the protocol's error: %s",
    async (path) => {
      const answer = await app.request(path);
      expect(answer.status).toBe(404);
      expect(answer.headers.get("content-type")).toBe("application/json");
      expect(await answer.json()).toEqual({
        error: `there is nothing at GET ${path}; /docs lists the routes`,
      });
    },
  );

  it.each(["/nothing", "/v2x", "/v1/nothing"])(
    "elsewhere is a problem of RFC 9457: %s",
    async (path) => {
      const answer = await app.request(path);
      expect(answer.status).toBe(404);
      expect(answer.headers.get("content-type")).toBe("application/problem+json");
      expect(await answer.json()).toEqual({
        type: "about:blank",
        title: "Not Found",
        status: 404,
        detail: `there is nothing at GET ${path}; /docs lists the routes`,
        code: "route_not_found",
        request_id: answer.headers.get("x-request-id"),
      });
    },
  );

  it.each([
    ["GET", INFER, "POST"],
    ["HEAD", INFER, "POST"],
    ["PUT", "/v2/models", "GET, HEAD"],
    ["POST", "/v2/models/iris-logreg", "GET, HEAD"],
    ["DELETE", "/v2/repository/models/iris-logreg/load", "POST"],
    ["PATCH", "/health", "GET, HEAD"],
    ["OPTIONS", "/v2", "GET, HEAD"],
    ["POST", "/openapi.json", "GET, HEAD"],
    ["POST", "/docs", "GET, HEAD"],
  ])("of %s %s names what is allowed: %s", async (method, path, allow) => {
    const answer = await app.request(path, { method });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, allow]);
    expect(await answer.text()).toMatch(method === "HEAD" ? /^$/ : `takes ${allow}, not ${method}`);
  });

  it("is not HEAD's lot where GET is answered", async () => {
    const answer = await app.request("/v2/models/iris-logreg", { method: "HEAD" });
    expect([answer.status, await answer.text()]).toEqual([200, ""]);
  });

  it("of a body over the limit says which limit, as sent and unpacked", async () => {
    const large = JSON.stringify({ inputs: [features([3, 2, 1, 0])] }) + " ".repeat(2_000);
    for (const [body, headers] of [
      [large, {}],
      [gzipSync(large), { "content-encoding": "gzip" }],
    ] as const) {
      const answer = await post(body, headers);
      expect(answer.status).toBe(413);
      expect(await errorOf(answer)).toMatch(/larger than 2000 bytes.*MAX_BODY_BYTES/);
    }
  });

  it("of a coding that is not taken names those that are", async () => {
    const answer = await post("{}", { "content-encoding": "br" });
    expect([answer.status, answer.headers.get("accept-encoding")]).toEqual([415, "gzip, deflate"]);
  });

  it.each([
    ["not what its coding says", "{}", { "content-encoding": "gzip" }, /not valid gzip/],
    ["cut off", '{"inputs": [', {}, /it ends at line 1, column 13/],
    ["empty", "", {}, /it is empty/],
    ["a list", "[]", {}, /must be an object/],
  ])("of a body that is %s says so", async (_what, body, headers, message) => {
    const answer = await post(body, headers as Record<string, string>);
    expect([answer.status, await errorOf(answer)]).toEqual([400, expect.stringMatching(message)]);
  });

  it("of a bug tells the caller an id and the log the cause", async () => {
    const answer = await app.post(INFER, { inputs: [features([-3, 0, 0, 0])] });
    expect(answer.status).toBe(500);
    const requestId = answer.headers.get("x-request-id");
    const error = await errorOf(answer);
    expect(error).toContain(`request id ${requestId}`);
    expect(error).not.toContain("secret");
    expect(app.events.at(-1)).toMatchObject({
      kind: "request_failed",
      requestId,
      status: 500,
      reason: "internal_error",
      cause: new Error("a bug with a secret in it"),
    });
    const next = await app.post(INFER, { inputs: [features([3, 2, 1, 0])] });
    expect(next.status).toBe(200);
  });
});

describe("a request's id", () => {
  const ask = async (path: string, id?: string) => {
    const app = await createIrisApp();
    const answer = await app.request(
      path,
      id === undefined ? {} : { headers: { "x-request-id": id } },
    );
    return answer.headers.get("x-request-id");
  };

  const PATHS = [
    "/v2",
    "/v2/models/iris-logreg",
    "/health",
    "/nothing",
    "/v2/nothing",
    "/docs",
    "/",
  ];

  it.each(PATHS)("stands on every answer: %s", async (path) => {
    expect(await ask(path)).toBe("id-1");
    expect(await ask(path, "the-caller's-own_id:7")).toBe("the-caller's-own_id:7");
  });

  it.each([
    ["longer than 128 characters", "x".repeat(129)],
    ["of several words", "one two"],
    ["not ASCII", "\u00e9t\u00e9"],
    ["empty", ""],
  ])("is replaced when it is %s", async (_what, id) => {
    expect(await ask("/v2", id)).toBe("id-1");
  });

  it("is kept at 128 characters", async () => {
    expect(await ask("/v2", "x".repeat(128))).toBe("x".repeat(128));
  });

  it("is in a refusal by token, too", async () => {
    const app = await createIrisApp({ publicScopes: new Set() });
    const answer = await app.request("/v2", { headers: { "x-request-id": "mine" } });
    expect([answer.status, answer.headers.get("x-request-id")]).toEqual([401, "mine"]);
  });
});
