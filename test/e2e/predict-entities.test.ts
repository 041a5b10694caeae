import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stack } from "../../infra/local/stack.ts";
import { callApi } from "../support/call-api.ts";
import type { ClientResult } from "../support/fixture-rows.ts";
import { jobOf, premiumModel } from "../support/premium-stack.ts";
import { type RedisDoor, startRedisDoor } from "../support/redis-door.ts";
import { startTestStack, TEST_TOKEN } from "../support/stack.ts";

const MODEL = "iris-logreg";
const FEATURES = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"];
const VIRGINICA = flower([6.2, 2.8, 4.8, 1.8]);
const SETOSA = flower([5.1, 3.5, 1.4, 0.2]);

function flower(values: readonly number[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(FEATURES.map((name, place) => [name, values[place]]));
}

const predict = (stack: Stack, body: object, model = MODEL) =>
  callApi(stack.url, "POST", `/v1/models/${model}/predict`, body);
const eventsOf = async (stack: Stack, conversation: string) =>
  (await callApi(stack.url, "GET", `/v1/conversations/${conversation}/events`)).body.items;

describe("predictions on entities and in conversations, in the real Worker", () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startTestStack();
  });
  afterAll(() => stack?.stop());

  it("answers a thousand entities of three types, each in its place", async () => {
    const kinds = [VIRGINICA, SETOSA, {}];
    const words: string[] = [];
    for (const [at, type] of ["a", "b", "c"].entries()) {
      const lines = Array.from({ length: 334 }, (_, index) => {
        words[3 * index + at] = `${type}:${index}`;
        return JSON.stringify({ id: String(index), features: kinds[(index + at) % 3] });
      });
      const put = await fetch(`${stack.url}/v1/entities/${type}`, {
        method: "POST",
        body: lines.join("\n"),
        headers: {
          authorization: `Bearer ${TEST_TOKEN}`,
          "content-type": "application/x-ndjson",
        },
      });
      expect(await put.json()).toMatchObject({ written: 334, failed: 0 });
    }
    const asked = [...words.slice(0, 999), "a:none"];
    const { status, body } = await predict(stack, { entities: asked });
    expect(status).toBe(200);
    const results = body.results as readonly ClientResult[];
    const told = results.map(({ label, error }) => label ?? error?.code);
    const expected = ["virginica", "setosa", "entity_without_features"];
    const right = asked
      .slice(0, 999)
      .map((_, place) => expected[(Math.floor(place / 3) + (place % 3)) % 3]);
    expect(told).toEqual([...right, "entity_not_found"]);
  });

  it("gives the entity's outcome to all that was predicted on it", async () => {
    const path = "/v1/entities/flower/one";
    await callApi(stack.url, "PUT", path, { features: VIRGINICA });
    const { body } = await predict(stack, { entities: ["flower:one"] });
    const id = body.results[0].prediction_id;
    await callApi(stack.url, "PUT", path, { state: "finished", outcome: "virginica" });
    await expect
      .poll(async () => (await callApi(stack.url, "GET", `/v1/predictions/${id}`)).body, {
        timeout: 60_000,
      })
      .toMatchObject({
        entity: { type: "flower", id: "one" },
        outcome: { value: "virginica" },
        correct: true,
      });
  });

  it("has appended what it acknowledges, by whoever answered", async () => {
    const name = "football_baseline_model";
    const features = (await callApi(stack.url, "GET", `/v1/models/${name}/versions/1`)).body
      .features as readonly { readonly name: string }[];
    const row = Object.fromEntries(features.map((feature) => [feature.name, 1]));
    await callApi(stack.url, "PUT", "/v1/entities/match/4711", { features: row });
    const conversation = { id: "talk", category: "tip", resource: "match" };
    const ask = () => predict(stack, { entities: ["match:4711"], conversation }, name);
    const fast = await ask();
    const { setPremium } = premiumModel(stack, name);
    const reference = `${name}@2`;
    await setPremium({ kind: "model", reference, mode: "race", race_ms: 10_000 });
    const premium = await ask();
    expect(premium.body.meta).toMatchObject({ strategy: "premium", version: "2" });
    const ids = [fast, premium].flatMap(({ body }) => body.meta.conversation.events);
    expect(await eventsOf(stack, "talk")).toMatchObject([
      { id: ids[0], _model: name, _version: "1", _strategy: "fast" },
      {
        id: ids[1],
        ...{ _model: name, _version: "2", _strategy: "premium" },
        payload: {
          entity: "match:4711",
          prediction_id: premium.body.results[0].prediction_id,
          probabilities: premium.body.results[0].probabilities,
        },
      },
    ]);
    const jobs = await callApi(stack.url, "GET", `/v1/jobs?model=${name}`);
    const job = await jobOf(stack, jobs.body.items[0].id);
    expect(job).toMatchObject({ conversation_id: "talk" });
  });
});

describe("while Redis is silent", () => {
  let door: RedisDoor;
  let stack: Stack;
  beforeAll(async () => {
    door = await startRedisDoor();
    stack = await startTestStack({ ...door.vars });
  });
  afterAll(async () => {
    await stack?.stop();
    await door?.stop();
  });

  it("entities are refused, and a conversation does not hold up its prediction", async () => {
    await callApi(stack.url, "PUT", "/v1/entities/flower/s", { features: SETOSA });
    expect((await predict(stack, { rows: [SETOSA] })).status).toBe(200);
    door.freeze();
    const byEntity = await predict(stack, { entities: ["flower:s"] });
    expect([byEntity.status, byEntity.body.code]).toEqual([503, "redis_unavailable"]);
    const conversation = { id: "frozen", category: "tip", resource: "flower" };
    const { status, body } = await predict(stack, { rows: [SETOSA], conversation });
    expect([status, body.results[0].label]).toEqual([200, "setosa"]);
    expect(body.meta.conversation).toMatchObject({
      id: "frozen",
      error: { code: "redis_unavailable" },
    });
    door.thaw();
    const again = await predict(stack, { entities: ["flower:s"], conversation });
    const events = await eventsOf(stack, "frozen");
    // The first may have been carried out, its answer being lost.
    expect(events.at(-1).id).toBe(again.body.meta.conversation.events[0]);
  });
});
