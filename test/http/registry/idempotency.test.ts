import { beforeEach, describe, expect, it } from "vitest";
import { deploymentKey } from "../../../src/core/model/keys.ts";
import { refusalOf } from "../../support/json-answers.ts";
import { createRegistryApp, MODEL, type RegistryApp } from "../../support/registry-http.ts";
import { registryModel } from "../../support/registry-models.ts";

let registry: RegistryApp;

const send = (method: string, path: string, key: string, body?: unknown) =>
  registry.send(method, `${MODEL}${path}`, body, { "idempotency-key": key });
const rollBack = (key: string, body: unknown = {}) => send("POST", "/rollback", key, body);
const production = async () =>
  (await registry.send("GET", `${MODEL}/aliases`)).body.aliases as Record<string, unknown>;

beforeEach(async () => {
  registry = createRegistryApp();
  for (const label of ["a", "b", "c"]) await registry.publish(label, "?alias=production");
});

describe("Idempotency-Key", () => {
  it("answers the first result again, quoted as the draft has it or bare", async () => {
    const first = await rollBack('"k-1"');
    expect([first.status, first.body]).toEqual([
      200,
      { alias: "production", route: { weights: { "2": 100 } }, rev: 4 },
    ]);
    expect((await rollBack("k-1")).body).toEqual(first.body);
    expect(await production()).toEqual({ production: { weights: { "2": 100 } } });
    expect((await rollBack("k-2")).body).toMatchObject({ route: { weights: { "1": 100 } } });
  });

  it.each<[string, string, string, unknown]>([
    ["another body", "POST", "/rollback", { to: "1" }],
    ["another reason", "POST", "/rollback", { reason: "why" }],
    ["another route", "PUT", "/aliases/production", { version: "1" }],
  ])("with %s is 422, and nothing moves", async (_what, method, path, body) => {
    await rollBack("k");
    const before = await production();
    const other = await send(method, path, "k", body);
    expect(refusalOf(other)).toEqual([422, "idempotency_key_reused"]);
    expect(other.body.detail).toContain("revision 4");
    expect(await production()).toEqual(before);
  });

  it.each(["", '""', "x".repeat(256), "two words"])("%j is refused", async (key) => {
    expect(refusalOf(await rollBack(key))).toEqual([400, "invalid_request"]);
    expect(await production()).toEqual({ production: { weights: { "3": 100 } } });
  });

  it("lets a publish move its alias once", async () => {
    const publish = () =>
      registry.send("POST", `${MODEL}/versions?alias=staging`, registryModel("d"), {
        "idempotency-key": "k",
        "content-type": "application/octet-stream",
      });
    expect((await publish()).status).toBe(201);
    await registry.send("PUT", `${MODEL}/aliases/staging`, { version: "1" });
    expect(await publish()).toMatchObject({ status: 200, body: { aliases: ["staging"] } });
    expect(await production()).toMatchObject({ staging: { weights: { "1": 100 } } });
  });

  it("is no part of the document that callers see", async () => {
    await rollBack("k");
    const { body } = await registry.send("GET", `${MODEL}/deployment`);
    expect(body).toEqual({
      model: "m",
      rev: 4,
      aliases: { production: { weights: { "2": 100 } } },
    });
  });
});

describe("a damaged deployment.json", () => {
  it("is told as such with what to do, and its ETag lets it be replaced", async () => {
    const key = deploymentKey("m");
    const bytes = new TextEncoder().encode("{oops");
    await registry.app.bucket.put(key, bytes, { deadlineMs: 1 });
    for (const path of ["", "/deployment", "/aliases", "/versions"]) {
      const refused = await registry.send("GET", `${MODEL}${path}`);
      expect([path, ...refusalOf(refused)]).toEqual([path, 409, "deployment_unreadable"]);
      expect(refused.body.detail).toContain("freshet restore m");
    }
    const etag = (await registry.send("GET", `${MODEL}/deployment`)).headers.get("etag") ?? "";
    const body = { aliases: { production: { weights: { "1": 100 } } } };
    const put = (match: string) =>
      registry.send("PUT", `${MODEL}/deployment`, body, { "if-match": match });
    expect((await put('"other"')).status).toBe(412);
    expect(await put(etag)).toMatchObject({ status: 200, body: { rev: 4 } });
  });
});

describe("POST /v1/store/probe", () => {
  const probe = () => registry.send("POST", "/v1/store/probe");

  it("tells that the store enforces conditional writes, and leaves nothing", async () => {
    expect(await probe()).toMatchObject({
      status: 200,
      body: { create: "enforced", replace: "enforced" },
    });
    const left = await registry.app.bucket.list("probes/", { deadlineMs: 1 });
    expect(left).toMatchObject({ value: { objects: [] } });
  });
});
