import { beforeEach, describe, expect, it } from "vitest";
import { refusalOf } from "../../support/json-answers.ts";
import { putDeployment } from "../../support/publish.ts";
import { createRegistryApp, MODEL, type RegistryApp } from "../../support/registry-http.ts";
import { registryModel } from "../../support/registry-models.ts";

let registry: RegistryApp;

const get = (path: string) => registry.send("GET", path);
const namesOf = ({ items }: Readonly<Record<string, unknown>>) =>
  (items as readonly { readonly name: string }[]).map(({ name }) => name);

beforeEach(async () => {
  registry = createRegistryApp();
  for (const name of ["ant", "bee", "cat"]) {
    const form = new FormData();
    form.set("model", new Blob([registryModel(name)]));
    const task = name === "bee" ? "regression" : "embedding";
    const framework = { name: "sklearn" };
    form.set(
      "manifest",
      JSON.stringify({ task, framework, tags: { legs: name === "ant" ? "6" : "4" } }),
    );
    await registry.send("POST", `/v1/models/${name}/versions`, form);
  }
});

describe("GET /v1/models", () => {
  it("lists by name in pages", async () => {
    const first = await get("/v1/models?limit=2");
    expect(namesOf(first.body)).toEqual(["ant", "bee"]);
    const next = await get(`/v1/models?limit=2&cursor=${first.body.next_cursor}`);
    expect([namesOf(next.body), next.body.next_cursor]).toEqual([["cat"], undefined]);
  });

  it.each([
    ["task=regression", ["bee"]],
    ["framework=SKLearn&tag=legs:4", ["bee", "cat"]],
    ["text=A", ["ant", "cat"]],
    ["tag=wings", []],
  ])("filters by %s", async (query, names) => {
    expect(namesOf((await get(`/v1/models?${query}`)).body)).toEqual(names);
  });

  it.each(["limit=0", "limit=201", "limit=-1", "cursor=*"])("does not take %s", async (query) => {
    expect(refusalOf(await get(`/v1/models?${query}`))).toEqual([400, "invalid_request"]);
  });
});

describe("GET /v1/models/{model}", () => {
  it("shows aliases and what production serves", async () => {
    expect((await get("/v1/models/ant")).body).toMatchObject({
      name: "ant",
      rev: 1,
      aliases: { production: { weights: { "1": 100 } } },
      production: { version: "1", task: "embedding" },
    });
  });

  it("shows what it can of a model without a readable production", async () => {
    await putDeployment(registry.app.bucket, "bare", 1, { staging: { "1": 100 } });
    await putDeployment(registry.app.bucket, "lost", 1, { production: { "1": 100 } });
    expect((await get("/v1/models/bare")).body).not.toHaveProperty("production");
    expect((await get("/v1/models/lost")).body).not.toHaveProperty("production");
  });

  it("is refused for no name, no model and no store", async () => {
    expect(refusalOf(await get("/v1/models/-"))).toEqual([400, "bad_reference"]);
    expect(refusalOf(await get("/v1/models/none"))).toEqual([404, "model_not_found"]);
    registry.app.store.break("get ant/versions", "unreachable");
    expect(refusalOf(await get("/v1/models/ant"))).toEqual([503, "store_unavailable"]);
    registry.app.store.break("list", "unreachable");
    expect(refusalOf(await get("/v1/models"))).toEqual([503, "store_unavailable"]);
    expect(refusalOf(await get("/v1/storage"))).toEqual([503, "store_unavailable"]);
  });
});

describe("storage and pruning", () => {
  beforeEach(async () => {
    for (const label of ["a", "b", "c"]) await registry.publish(label);
  });

  it("are told in one report", async () => {
    expect((await get("/v1/storage")).body).toMatchObject({
      models: 4,
      versions: 6,
      unreferenced: [
        { model: "m", version: "2" },
        { model: "m", version: "3" },
      ],
      unfinished: [],
    });
  });

  it("prune nothing unless told that it is no dry run", async () => {
    const dry = await registry.send("POST", `${MODEL}/prune`, { keep_last: 1 });
    expect(dry.body).toMatchObject({ dry_run: true, deleted: [{ version: "2" }] });
    expect((await get(`${MODEL}/versions/2`)).status).toBe(200);
    const real = await registry.send("POST", `${MODEL}/prune`, { keep_last: 1, dry_run: false });
    expect(real.body).toMatchObject({ dry_run: false, deleted: [{ version: "2" }] });
    expect((await get(`${MODEL}/versions/2`)).status).toBe(410);
  });

  it.each([{ keep_last: 0 }, { keep_days: -1 }, { keepLast: 1 }])(
    "do not take %o",
    async (policy) => {
      const answer = await registry.send("POST", `${MODEL}/prune`, policy);
      expect(refusalOf(answer)).toEqual([400, "invalid_request"]);
    },
  );

  it("prune a model that is there", async () => {
    const prune = (model: string) => registry.send("POST", `/v1/models/${model}/prune`, {});
    expect(refusalOf(await prune("none"))).toEqual([404, "model_not_found"]);
    expect(refusalOf(await prune("-"))).toEqual([400, "bad_reference"]);
  });
});
