import { beforeEach, describe, expect, it } from "vitest";
import { refusalOf } from "../../support/json-answers.ts";
import { createRegistryApp, MODEL, type RegistryApp } from "../../support/registry-http.ts";

let registry: RegistryApp;

const send = (method: string, path: string, body?: unknown) =>
  registry.send(method, `${MODEL}${path}`, body);
const versionsOf = ({ items }: Readonly<Record<string, unknown>>) =>
  (items as readonly { readonly version: string }[]).map(({ version }) => version);

beforeEach(async () => {
  registry = createRegistryApp();
  for (const label of ["a", "b", "c"]) await registry.publish(label);
});

describe("the routes of versions", () => {
  it("list, newest first, in pages", async () => {
    const first = await send("GET", "/versions?limit=2");
    expect(versionsOf(first.body)).toEqual(["3", "2"]);
    const next = await send("GET", `/versions?limit=2&cursor=${first.body.next_cursor}`);
    expect([versionsOf(next.body), next.body.next_cursor]).toEqual([["1"], undefined]);
  });

  it("show one by its number or an alias", async () => {
    const one = await send("GET", "/versions/1");
    expect(one.body).toMatchObject({ name: "m", version: "1", aliases: ["production"] });
    expect((await send("GET", "/versions/production")).body).toEqual(one.body);
  });

  it("tag, describe and deprecate", async () => {
    const change = { tags: { team: "t" }, description: "d", deprecated: "use 3" };
    const patched = await send("PATCH", "/versions/1", change);
    expect([patched.status, patched.body]).toEqual([
      200,
      {
        tags: { team: "t" },
        description: "d",
        deprecated: { at: expect.any(String), reason: "use 3" },
      },
    ]);
    await send("PATCH", "/versions/1", { tags: { team: null }, deprecated: null });
    const { body } = await send("GET", "/versions/1");
    expect(body).toMatchObject({ tags: {}, description: "d" });
    expect(body).not.toHaveProperty("deprecated");
  });

  it("compare two side by side", async () => {
    const { status, body } = await send("GET", "/compare?a=production&b=2");
    expect([status, body]).toMatchObject([
      200,
      { a: { version: "1" }, b: { version: "2" }, compatible: true, schema_differences: [] },
    ]);
  });

  it("delete: 204, then 410 to who asks for it; the list goes on without it", async () => {
    const gone = await send("DELETE", "/versions/2?reason=old");
    expect([gone.status, gone.body]).toEqual([204, {}]);
    expect((await send("DELETE", "/versions/2")).status).toBe(204);
    expect(refusalOf(await send("GET", "/versions/2"))).toEqual([410, "version_deleted"]);
    expect(versionsOf((await send("GET", "/versions")).body)).toEqual(["3", "1"]);
    expect((await send("GET", "/history?limit=1")).body.items).toMatchObject([
      { action: "delete", version: "2", reason: "old" },
    ]);
  });

  it("let go of a deleted version that is loaded", async () => {
    const infer = () =>
      registry.app.post("/v2/models/m/versions/3/infer", {
        inputs: [{ name: "x", datatype: "FP32", shape: [1, 2], data: [1, 2] }],
      });
    expect((await infer()).status).toBe(200);
    await send("DELETE", "/versions/3");
    expect((await infer()).status).toBe(404);
  });

  it.each<[string, string, unknown, number, string]>([
    ["GET", "/versions/9", undefined, 404, "version_not_found"],
    ["GET", "/versions/nobody", undefined, 404, "alias_not_found"],
    ["GET", "/versions/01", undefined, 400, "bad_reference"],
    ["GET", "/versions?limit=0", undefined, 400, "invalid_request"],
    ["GET", "/versions?cursor=x", undefined, 400, "invalid_request"],
    ["GET", "/compare?a=1", undefined, 400, "invalid_request"],
    ["GET", "/compare?a=1&b=9", undefined, 404, "version_not_found"],
    ["PATCH", "/versions/9", { tags: {} }, 404, "version_not_found"],
    ["PATCH", "/versions/production", { tags: {} }, 400, "bad_reference"],
    ["PATCH", "/versions/-", {}, 400, "bad_reference"],
    ["PATCH", "/versions/1", { tag: {} }, 400, "invalid_request"],
    ["PATCH", "/versions/1", { tags: { a: 1 } }, 400, "invalid_request"],
    ["PATCH", "/versions/1", "[", 400, "invalid_json"],
    ["DELETE", "/versions/1", undefined, 409, "version_in_use"],
    ["DELETE", "/versions/9", undefined, 404, "version_not_found"],
    ["DELETE", "/versions/production", undefined, 400, "bad_reference"],
    ["DELETE", "/versions/-", undefined, 400, "bad_reference"],
  ])("%s %s with %o is refused", async (method, path, body, status, code) => {
    const answer = await send(method, path, body);
    expect(refusalOf(answer)).toEqual([status, code]);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(answer.body).toMatchObject({ status, detail: expect.any(String) });
  });

  it("are not found without a model, and not without a store", async () => {
    for (const path of ["/versions", "/versions/1", "/compare?a=1&b=1"]) {
      const none = await registry.send("GET", `/v1/models/none${path}`);
      expect([path, refusalOf(none)]).toEqual([path, [404, "model_not_found"]]);
      const bad = await registry.send("GET", `/v1/models/-${path}`);
      expect([path, refusalOf(bad)]).toEqual([path, [400, "bad_reference"]]);
    }
    registry.app.store.break("m/", "unreachable");
    for (const [method, path] of [
      ["GET", "/versions"],
      ["GET", "/versions/1"],
      ["PATCH", "/versions/1"],
      ["DELETE", "/versions/2"],
    ] as const) {
      const answer = await send(method, path, method === "PATCH" ? {} : undefined);
      expect([path, refusalOf(answer)]).toEqual([path, [503, "store_unavailable"]]);
    }
  });
});
