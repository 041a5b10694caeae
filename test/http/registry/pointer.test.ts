import { beforeEach, describe, expect, it } from "vitest";
import { refusalOf } from "../../support/json-answers.ts";
import { putDeployment, putVersion } from "../../support/publish.ts";
import { createRegistryApp, MODEL, type RegistryApp } from "../../support/registry-http.ts";

let registry: RegistryApp;

const get = (path: string) => registry.send("GET", `${MODEL}${path}`);
const put = (path: string, body?: unknown, headers: Record<string, string> = {}) =>
  registry.send("PUT", `${MODEL}${path}`, body, headers);
const post = (path: string, body?: unknown) => registry.send("POST", `${MODEL}${path}`, body);
const aliases = async () => (await get("/aliases")).body.aliases;

beforeEach(async () => {
  registry = createRegistryApp();
  for (const label of ["a", "b", "c"]) await registry.publish(label);
});

describe("the routes of aliases", () => {
  it("set, promote, roll back, list and remove", async () => {
    const set = await put("/aliases/staging", { version: "2", reason: "try" });
    expect([set.status, set.body]).toEqual([
      200,
      { alias: "staging", route: { weights: { "2": 100 } }, rev: 2 },
    ]);
    expect((await post("/promote")).body).toMatchObject({ alias: "production", rev: 3 });
    expect((await get("/aliases")).body).toEqual({
      rev: 3,
      aliases: { production: { weights: { "2": 100 } }, staging: { weights: { "2": 100 } } },
    });
    expect((await post("/rollback")).body).toMatchObject({ route: { weights: { "1": 100 } } });
    expect((await post("/rollback", { to: "3" })).body).toMatchObject({ rev: 5 });
    const gone = await registry.send("DELETE", `${MODEL}/aliases/staging?reason=done`);
    expect([gone.status, gone.body]).toEqual([200, { alias: "staging", rev: 6 }]);
    expect(await aliases()).toEqual({ production: { weights: { "3": 100 } } });
  });

  it("take splits and shadows, and aliases of any name", async () => {
    const split = { weights: { "1": 90, "2": 10 }, shadow: "3" };
    expect((await put("/aliases/constructor", split)).body.route).toEqual(split);
    expect(await aliases()).toMatchObject({ constructor: split });
    const promoted = await post("/promote", { from: "constructor", to: "canary" });
    expect(promoted.body.route).toEqual({ weights: split.weights });
  });

  it.each<[string, unknown, number, string]>([
    ["/aliases/staging", { version: "9" }, 404, "version_not_found"],
    ["/aliases/staging", { weights: { "1": 50 } }, 400, "invalid_request"],
    ["/aliases/staging", { version: "1", weights: { "1": 100 } }, 400, "invalid_request"],
    ["/aliases/staging", { version: "1", novelty: 1 }, 400, "invalid_request"],
    ["/aliases/staging", undefined, 400, "invalid_request"],
    ["/aliases/staging", "{", 400, "invalid_json"],
    ["/aliases/Staging", { version: "1" }, 400, "bad_reference"],
    ["/aliases/2", { version: "1" }, 400, "bad_reference"],
  ])("PUT %s with %o is refused", async (path, body, status, code) => {
    expect(refusalOf(await put(path, body))).toEqual([status, code]);
  });

  it.each<[string, unknown, number, string]>([
    ["/promote", undefined, 404, "alias_not_found"],
    ["/promote", { from: "production", to: "X" }, 400, "invalid_request"],
    ["/promote", { novelty: 1 }, 400, "invalid_request"],
    ["/rollback", undefined, 409, "nothing_to_roll_back"],
    ["/rollback", { alias: "staging" }, 404, "alias_not_found"],
    ["/rollback", { to: "9" }, 404, "version_not_found"],
    ["/rollback", { to: 1 }, 400, "invalid_request"],
  ])("POST %s with %o is refused", async (path, body, status, code) => {
    const answer = await post(path, body);
    expect(refusalOf(answer)).toEqual([status, code]);
  });

  it("name each wrong field", async () => {
    const { body } = await post("/promote", { from: "S", to: 1 });
    expect(body.errors).toEqual([
      { path: "from", message: expect.stringContaining("not an alias") },
      { path: "to", message: expect.any(String) },
    ]);
    expect(body.detail).toMatch(/^body\.from: not an alias/);
  });

  it("do not take production or an unknown alias away, and refuse a deleted version", async () => {
    const remove = (path: string) => registry.send("DELETE", `${MODEL}${path}`);
    expect(refusalOf(await remove("/aliases/production"))).toEqual([409, "version_in_use"]);
    expect(refusalOf(await remove("/aliases/nobody"))).toEqual([404, "alias_not_found"]);
    expect(refusalOf(await remove("/aliases/No"))).toEqual([400, "bad_reference"]);
    await remove("/versions/3");
    expect(refusalOf(await put("/aliases/x", { version: "3" }))).toEqual([410, "version_deleted"]);
  });

  it("refuse a changed interface with the differences, unless forced", async () => {
    const other = [{ name: "y", datatype: "FP32", shape: [-1, 2] }];
    await putVersion(registry.app.bucket, "m", "4", new Uint8Array(1), { inputs: other });
    const refused = await put("/aliases/production", { version: "4" });
    expect(refusalOf(refused)).toEqual([409, "incompatible_schema"]);
    expect(refused.body.errors).toHaveLength(2);
    const forced = await put("/aliases/production", { version: "4", force: true });
    expect(forced.status).toBe(200);
  });

  it("say that the store does not answer, and that the model is not there", async () => {
    expect(refusalOf(await registry.send("GET", "/v1/models/none/aliases"))).toEqual([
      404,
      "model_not_found",
    ]);
    for (const path of ["/promote", "/rollback"]) {
      const answer = await registry.send("POST", `/v1/models/none${path}`);
      expect(refusalOf(answer)).toEqual([404, "model_not_found"]);
      expect(refusalOf(await registry.send("POST", `/v1/models/-${path}`))[0]).toBe(400);
    }
    registry.app.store.break("get m/deployment.json", "unreachable");
    expect(refusalOf(await get("/aliases"))).toEqual([503, "store_unavailable"]);
    expect(refusalOf(await put("/aliases/x", { version: "1" }))).toEqual([
      503,
      "store_unavailable",
    ]);
  });

  it("say to try again when others were faster at every try", async () => {
    registry.app.store.break("put m/deployment.json", "precondition_lost");
    const set = put("/aliases/x", { version: "1" });
    let isAnswered = false;
    const answered = set.finally(() => {
      isAnswered = true;
    });
    while (!isAnswered) {
      await registry.app.clock.advance(1_000);
      await new Promise((turn) => setImmediate(turn));
    }
    const answer = await answered;
    expect(refusalOf(answer)).toEqual([409, "revision_conflict"]);
    expect(answer.headers.get("retry-after")).toBe("1");
  });
});

describe("the deployment document", () => {
  const routes = { production: { weights: { "1": 90, "2": 10 } } };
  const etag = async () => (await get("/deployment")).headers.get("etag") ?? "";

  it("is replaced by who has read it last", async () => {
    const match = await etag();
    const first = await put(
      "/deployment",
      { aliases: routes, reason: "split" },
      { "if-match": match },
    );
    expect([first.status, first.body]).toEqual([200, { model: "m", rev: 2, aliases: routes }]);
    const late = await put("/deployment", { aliases: routes }, { "if-match": match });
    expect(refusalOf(late)).toEqual([412, "precondition_failed"]);
    expect((await get("/deployment")).body).toEqual(first.body);
  });

  it("can be sent back as it was read, with its etag as a compressing proxy makes it", async () => {
    const { body, headers } = await get("/deployment");
    const weak = `W/${headers.get("etag")}`;
    const answer = await put("/deployment", { ...body, aliases: routes }, { "if-match": weak });
    expect(answer.status).toBe(200);
  });

  it("takes settings, too; what is left out stays as it is", async () => {
    const settings = {
      warm: ["production", "2"],
      cache: { redis: false },
      policy: { use_cache: false },
    };
    const set = await put(
      "/deployment",
      { aliases: routes, ...settings },
      { "if-match": await etag() },
    );
    expect([set.status, set.body]).toEqual([
      200,
      { model: "m", rev: 2, aliases: routes, ...settings },
    ]);
    const body = { aliases: routes, warm: [] };
    const emptied = await put("/deployment", body, { "if-match": await etag() });
    expect(emptied.body).toMatchObject({ ...settings, warm: [], rev: 3 });
    const wrong = { aliases: routes, warm: ["No Alias"] };
    const refused = await put("/deployment", wrong, { "if-match": await etag() });
    expect(refusalOf(refused)).toEqual([400, "invalid_request"]);
  });

  it.each<[string, unknown, number, string]>([
    ["no production", { aliases: {} }, 400, "invalid_request"],
    ["nothing to change", {}, 400, "invalid_request"],
    [
      "weights that do not sum up",
      { aliases: { production: { weights: { "1": 1 } } } },
      400,
      "invalid_request",
    ],
    [
      "a version that is not there",
      { aliases: { production: { weights: { "9": 100 } } } },
      404,
      "version_not_found",
    ],
  ])("is not replaced by one with %s", async (_what, body, status, code) => {
    const answer = await put("/deployment", body, { "if-match": await etag() });
    expect(refusalOf(answer)).toEqual([status, code]);
  });

  it("keeps its routes when only settings are given", async () => {
    const before = await get("/deployment");
    const put1 = await put("/deployment", { warm: ["1"] }, { "if-match": await etag() });
    expect(put1.body).toEqual({ ...before.body, rev: Number(before.body.rev) + 1, warm: ["1"] });
  });

  it("asks for If-Match", async () => {
    const answer = await put("/deployment", { aliases: routes });
    expect(refusalOf(answer)).toEqual([428, "precondition_required"]);
  });

  it("is not found without a model, and not without a store", async () => {
    const none = (method: string, headers = {}) =>
      registry.send(
        method,
        "/v1/models/none/deployment",
        method === "PUT" ? { aliases: routes } : undefined,
        headers,
      );
    expect(refusalOf(await none("GET"))).toEqual([404, "model_not_found"]);
    expect(refusalOf(await none("PUT", { "if-match": "x" }))).toEqual([404, "model_not_found"]);
    expect(refusalOf(await registry.send("GET", "/v1/models/-/deployment"))[0]).toBe(400);
    expect(refusalOf(await registry.send("PUT", "/v1/models/-/deployment", {}))[0]).toBe(400);
    registry.app.store.break("get m/deployment.json", "unreachable");
    expect(refusalOf(await get("/deployment"))).toEqual([503, "store_unavailable"]);
  });
});

describe("the history", () => {
  it("comes newest first in pages whose cursor goes on", async () => {
    for (const version of ["2", "3", "1"]) await put("/aliases/production", { version });
    const first = await get("/history?limit=3");
    expect(first.body.items).toMatchObject([{ rev: 4 }, { rev: 3 }, { rev: 2 }]);
    expect(first.body.items).not.toMatchObject([{ holds: {} }, {}, {}]);
    const next = await get(`/history?limit=3&cursor=${first.body.next_cursor}`);
    expect(next.body.items).toMatchObject([{ rev: 1, action: "publish" }]);
    expect(next.body).not.toHaveProperty("next_cursor");
  });

  it("tells what served at a time", async () => {
    await registry.app.clock.advance(3_600_000);
    await put("/aliases/production", { weights: { "1": 20, "2": 80 } });
    const at = async (ms: number) =>
      (await get(`/history?at=${new Date(registry.app.clock.now() + ms).toISOString()}`)).body;
    expect(await at(-1)).toMatchObject({ aliases: { production: { "1": 100 } } });
    expect(await at(0)).toMatchObject({ aliases: { production: { "1": 20, "2": 80 } } });
    expect(await at(-4_000_000)).toMatchObject({ aliases: {} });
  });

  it("tells of an edit by hand", async () => {
    await putDeployment(registry.app.bucket, "m", 2, { production: { "2": 100 } });
    await put("/aliases/production", { version: "3" });
    expect((await get("/history")).body.items).toMatchObject([
      { action: "set", from: { weights: { "2": 100 } } },
      { action: "external", actor: "unknown" },
      { action: "publish" },
    ]);
  });

  it.each([
    "limit=0",
    "limit=101",
    "limit=x",
    "limit=1.5",
    "cursor=!!",
    "cursor=eA",
    "cursor=",
    "at=x",
  ])("does not take %s", async (query) => {
    expect(refusalOf(await get(`/history?${query}`))).toEqual([400, "invalid_request"]);
  });

  it("is not found without a model", async () => {
    const ask = (query: string, model = "none") =>
      registry.send("GET", `/v1/models/${model}/history${query}`);
    expect(refusalOf(await ask(""))).toEqual([404, "model_not_found"]);
    expect(refusalOf(await ask("?at=2026-01-01"))).toEqual([404, "model_not_found"]);
    expect(refusalOf(await ask("", "-"))).toEqual([400, "bad_reference"]);
  });
});
