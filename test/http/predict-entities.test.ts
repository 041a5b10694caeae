import { describe, expect, it } from "vitest";
import { createMemoryEntityStore } from "../../src/adapters/memory/entity-store.ts";
import { fail } from "../../src/core/model/result.ts";
import { type ClientResult, readResults } from "../support/fixture-rows.ts";
import { ADMIN_TOKEN, type HttpApp, type HttpAppOptions } from "../support/http-app.ts";
import { jsonSender, refusalOf } from "../support/json-answers.ts";
import { createFlowerApp, createMemoryRecords, PREDICT, SETOSA, VIRGINICA } from "./flowers.ts";

async function createApp(options: HttpAppOptions = {}) {
  const app = await createFlowerApp({ entities: createMemoryEntityStore(), ...options });
  const send = jsonSender((path, init) => app.request(path, init), ADMIN_TOKEN);
  const put = (word: string, features: object) =>
    send("PUT", `/v1/entities/${word.replace(":", "/")}`, { features });
  await put("flower:s", SETOSA);
  await put("flower:v", VIRGINICA);
  return { app, send, put };
}

const predict = async (app: HttpApp, entities: unknown, query = "") => {
  const answer = await app.post(`${PREDICT}${query}`, { entities });
  const text = await answer.text();
  expect([answer.status, text]).toEqual([200, expect.anything()]);
  return (JSON.parse(text) as { results: readonly ClientResult[] }).results;
};
const labelsOf = (results: readonly ClientResult[]) =>
  results.map(({ ok, label, error }) => (ok ? label : error?.code));

describe("predict by entity", () => {
  it("answers each by its stored features, in the order asked, as it would the rows", async () => {
    const { app } = await createApp();
    const results = await predict(app, ["flower:v", "flower:s", "flower:v"]);
    expect(labelsOf(results)).toEqual(["virginica", "setosa", "virginica"]);
    expect(results[0]?.probabilities).toEqual({ setosa: 0.25, versicolor: 0, virginica: 0.75 });
    expect(labelsOf(await predict(app, ["flower:s"]))).toEqual(["setosa"]);
  });

  it("takes the features that are stored now", async () => {
    const { app, put } = await createApp();
    await predict(app, ["flower:s"]);
    await put("flower:s", VIRGINICA);
    expect(labelsOf(await predict(app, ["flower:s"]))).toEqual(["virginica"]);
  });

  it("fails what is not there, has no features or names nothing, for that row alone", async () => {
    const { app, put } = await createApp();
    await put("flower:bare", {});
    const words = ["flower:s", "flower:none", "flower:bare", "flower", 7, "flower:v"];
    const results = await predict(app, words);
    expect(labelsOf(results)).toEqual([
      "setosa",
      "entity_not_found",
      "entity_without_features",
      "invalid_row",
      "invalid_row",
      "virginica",
    ]);
    expect(results[1]?.error).toEqual({
      code: "entity_not_found",
      path: "entities[1]",
      detail:
        "entities[1] is not there: there is no 'flower' of the id 'none'. Make it by PUT /v1/entities/flower/none",
    });
  });

  it("says what is wrong with stored features as it does for rows", async () => {
    const { app, put } = await createApp();
    const { d: _, ...short } = SETOSA;
    await put("flower:short", short);
    await put("flower:more", { ...SETOSA, colour: "red" });
    await put("flower:text", { ...SETOSA, a: "red" });
    const words = ["flower:short", "flower:more", "flower:text"];
    const results = await predict(app, words);
    expect(results.map(({ error }) => [error?.code, error?.path])).toEqual([
      ["missing_feature", "entities[0].d"],
      ["unknown_feature", "entities[1].colour"],
      ["invalid_value", "entities[2].a"],
    ]);
    const lenient = await predict(app, words, "?unknown=ignore&offset=10");
    expect(labelsOf(lenient)).toEqual(["missing_feature", "setosa", "invalid_value"]);
    expect(lenient[0]?.error?.path).toBe("entities[10].d");
  });

  it("answers in lines as well", async () => {
    const { app } = await createApp();
    const headers = { accept: "application/x-ndjson" };
    const answer = await app.post(PREDICT, { entities: ["flower:s"] }, headers);
    expect(labelsOf(readResults(await answer.text()))).toEqual(["setosa"]);
  });

  it("is recorded on the entity, so that nobody but the entity gives it an outcome", async () => {
    const { app, send } = await createApp({ records: createMemoryRecords() });
    const [, known] = await predict(app, ["flower:none", "flower:s"]);
    await app.background();
    const path = `/v1/predictions/${known?.prediction_id}`;
    expect((await send("GET", path)).body).toMatchObject({
      entity: { type: "flower", id: "s" },
      output: { label: "setosa" },
    });
    const early = await send("PUT", `${path}/outcome`, { value: "setosa" });
    expect(refusalOf(early)).toEqual([409, "outcome_pending"]);
    await send("PUT", "/v1/entities/flower/s", { state: "finished", outcome: "setosa" });
    expect((await send("PUT", `${path}/outcome`, { value: "setosa" })).status).toBe(200);
  });
});

it("records of an entity what the model has asked of it, as of any other row", async () => {
  const record = { log_inputs: true };
  const stores = { entities: createMemoryEntityStore(), records: createMemoryRecords() };
  const app = await createFlowerApp(stores, { record });
  const send = jsonSender((path, init) => app.request(path, init), ADMIN_TOKEN);
  const features = { colour: "red", ...SETOSA };
  await send("PUT", "/v1/entities/flower/more", { features });
  const asked = [{ entities: ["flower:more"] }, { rows: [features] }, { rows: [SETOSA] }];
  const digests = new Set();
  for (const body of asked) {
    const answer = await app.post(`${PREDICT}?unknown=ignore`, body);
    const { results } = (await answer.json()) as { results: readonly ClientResult[] };
    await app.background();
    const kept = await send("GET", `/v1/predictions/${results[0]?.prediction_id}`);
    expect(kept.body.inputs).toEqual(SETOSA);
    digests.add(kept.body.input_digest);
  }
  expect(digests.size).toBe(1);
});

describe("predict by entity is refused", () => {
  const refused = async (app: HttpApp, body: object) => {
    const answer = await app.post(PREDICT, body);
    const { code, detail } = (await answer.json()) as { code: string; detail: string };
    return [answer.status, code, detail];
  };

  it("where there is no Redis", async () => {
    const app = await createFlowerApp();
    expect(await refused(app, { entities: ["flower:s"] })).toEqual([
      503,
      "redis_required",
      expect.stringContaining("UPSTASH_REDIS_REST_URL"),
    ]);
  });

  it("while Redis is silent, and the log hears why", async () => {
    const silent = async () => fail({ reason: "unreachable", detail: "no answer" });
    const entities = { ...createMemoryEntityStore(), getMany: silent };
    const app = await createFlowerApp({ entities });
    const answer = await app.post(PREDICT, { entities: ["flower:s"] });
    expect(answer.headers.get("retry-after")).toBe("1");
    expect(await answer.json()).toMatchObject({ status: 503, code: "redis_unavailable" });
    expect(app.events).toContainEqual(
      expect.objectContaining({ kind: "request_failed", status: 503, detail: "no answer" }),
    );
    // Rows need no Redis.
    expect((await app.post(PREDICT, { rows: [SETOSA] })).status).toBe(200);
  });

  it("when they are more together than an isolate should hold, at any size of one", async () => {
    const { app, send } = await createApp();
    const text = "x".repeat(65_000);
    const ids = Array.from({ length: 65 }, (_, index) => `large${index}`);
    for (const id of ids) {
      expect(
        (await send("PUT", `/v1/entities/flower/${id}`, { features: { ...SETOSA, text } })).status,
      ).toBe(201);
    }
    const words = ids.map((id) => `flower:${id}`);
    expect(await refused(app, { entities: words })).toEqual([
      413,
      "entities_too_large",
      expect.stringContaining("of 65 'flower' there is room for 64"),
    ]);
    const half = await predict(app, words.slice(0, 32), "?unknown=ignore");
    expect(labelsOf(half)).toEqual(words.slice(0, 32).map(() => "setosa"));
    const tooLarge = { features: { text: "x".repeat(65_600) } };
    const one = await send("PUT", "/v1/entities/flower/one", tooLarge);
    expect(refusalOf(one)).toEqual([400, "invalid_request"]);
    expect(one.body.detail).toContain("65536 bytes");
  });

  it("when the body is wrong as a whole, before anything is asked of Redis", async () => {
    const { app } = await createApp({ settings: { maxRows: 2 } });
    const types = Array.from({ length: 11 }, (_, type) => `t${type}:1`);
    const cases: readonly (readonly [object, number, string])[] = [
      [{ entities: "flower:s" }, 400, "entities must be an array"],
      [{ entities: [] }, 400, "there are no rows"],
      [{ entities: ["flower:s"], rows: [SETOSA] }, 400, "in one form"],
      [{ entities: ["a:1", "a:2", "a:3"] }, 413, "MAX_ROWS"],
    ];
    for (const [body, status, detail] of cases) {
      expect(await refused(app, body)).toEqual([
        status,
        expect.anything(),
        expect.stringContaining(detail),
      ]);
    }
    const { app: wide } = await createApp();
    expect(await refused(wide, { entities: types })).toEqual([
      400,
      "invalid_request",
      expect.stringContaining("11 types"),
    ]);
  });
});
