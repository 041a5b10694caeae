import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stack } from "../../infra/local/stack.ts";
import { createUpstashPredictionStore } from "../../src/adapters/upstash/prediction-store.ts";
import type { PredictionStore } from "../../src/core/ports/prediction-store.ts";
import { callApi } from "../support/call-api.ts";
import { must } from "../support/must.ts";
import { aDraft, aRecord } from "../support/records.ts";
import { type RedisDoor, startRedisDoor } from "../support/redis-door.ts";
import { startTestStack } from "../support/stack.ts";

const MODEL = "iris-logreg";

describe("outcomes in the real Worker", () => {
  let door: RedisDoor;
  let stack: Stack;
  let store: PredictionStore;
  beforeAll(async () => {
    door = await startRedisDoor();
    stack = await startTestStack(door.vars);
    store = createUpstashPredictionStore({
      url: door.vars.UPSTASH_REDIS_REST_URL ?? "",
      token: door.vars.UPSTASH_REDIS_REST_TOKEN ?? "",
      keyPrefix: "freshet:dev:",
    });
  });
  afterAll(async () => {
    await stack?.stop();
    await door?.stop();
  });

  const call = (method: string, path: string, body?: unknown) =>
    callApi(stack.url, method, path, body);

  const add = async (...more: readonly Parameters<typeof aRecord>[0][]) => {
    const now = Date.now();
    const at = new Date(now).toISOString();
    const drafts = more.map((one) => aDraft(aRecord({ model: MODEL, at, ...one })));
    must(await store.add(drafts, now, 10_000));
  };

  it("settles what was predicted on an entity when it is finished", async () => {
    const entity = { type: "match", id: "m-1" };
    const ids = Array.from({ length: 120 }, (_, index) => `on-${index}`);
    await add(...ids.map((id) => ({ id, entity })));
    await call("PUT", "/v1/entities/match/m-1", { features: { a: 1 } });
    const early = await call("PUT", "/v1/predictions/on-0/outcome", { value: "a" });
    expect(early).toMatchObject({ status: 409, body: { code: "outcome_pending" } });
    const finished = { state: "finished", outcome: "b" };
    expect(await call("PUT", "/v1/entities/match/m-1", finished)).toMatchObject({ status: 200 });
    for (const id of ["on-0", "on-119"]) {
      expect((await call("GET", `/v1/predictions/${id}`)).body).toMatchObject({
        outcome: { value: "b" },
        correct: false,
      });
    }
    // Finished once more, as after a lost answer.
    await call("PUT", "/v1/entities/match/m-1", finished);
    expect((await call("GET", `/v1/models/${MODEL}/accuracy`)).body).toMatchObject({
      groups: [{ n: 120, coverage: 1, metrics: { accuracy: 0 } }],
    });
  });

  it("follows an entity that is opened and finished in another way, without being told to replace", async () => {
    const entity = { type: "flower", id: "f-1" };
    const model = "followed";
    await add(...["f-a", "f-b", "f-c"].map((id) => ({ id, entity, model })));
    const put = async (body: object) => {
      const answer = await call("PUT", "/v1/entities/flower/f-1", body);
      return [answer.status, answer.body.predictions];
    };
    const none = { settled: 0, unchanged: 0, conflicting: 0, invalid: 0, pending: 0 };
    const finish = (outcome: string) => ({ state: "finished", outcome });
    expect(await put(finish("a"))).toEqual([201, { ...none, settled: 3 }]);
    expect(await put({ state: "open", replace: true })).toEqual([200, undefined]);
    expect(await put(finish("b"))).toEqual([200, { ...none, settled: 3 }]);
    const read = await call("GET", "/v1/predictions/f-a");
    expect(read.body.outcome).toMatchObject({ value: "b", by: "entity" });
    await call("PUT", "/v1/predictions/f-a/outcome", { value: "a", replace: true });
    const again = { ...finish("a"), replace: true };
    expect(await put(again)).toEqual([200, { ...none, settled: 2, unchanged: 1 }]);
    expect(await put({ ...finish("banana"), replace: true })).toEqual([
      200,
      { ...none, invalid: 3 },
    ]);
    const { body } = await call("GET", `/v1/models/${model}/accuracy`);
    expect(body).toMatchObject({ groups: [{ n: 1, predictions: 3 }] });
  });

  it("goes on by the minute's cron with what was recorded on a finished entity", async () => {
    const entity = { type: "flower", id: "f-2" };
    await call("PUT", "/v1/entities/flower/f-2", { state: "finished", outcome: "a" });
    // As an isolate leaves it that dies right after it has written.
    await add({ id: "late-1", entity }, { id: "late-2", entity });
    const outcome = async () => (await call("GET", "/v1/predictions/late-2")).body.outcome;
    expect(await outcome()).toBeUndefined();
    await stack.fireCron("* * * * *");
    expect(await outcome()).toMatchObject({ value: "a", by: "entity" });
  });

  it("puts records into the bucket by the hour's cron, and reports it", async () => {
    await add({ id: "archived ünï" });
    await stack.fireCron("0 * * * *");
    const { objects } = must(await stack.store.list("predictions/", { deadlineMs: 10_000 }));
    const lines: string[] = [];
    for (const { key } of objects) {
      expect(key).toMatch(/^predictions\/\d{4}\/\d\d\/\d\d\/\d\d\/[^/]+\.ndjson\.gz$/);
      const read = await stack.store.get(key, { deadlineMs: 10_000, maxBytes: 1_000_000 });
      lines.push(...gunzipSync(must(read).bytes).toString("utf8").trim().split("\n"));
    }
    const archived = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(archived.find(({ id }) => id === "archived ünï")).toMatchObject({ rev: 1 });
    expect(archived.find(({ id }) => id === "on-7")).toMatchObject({
      rev: 2,
      outcome: { value: "b" },
    });
    const { crons } = (await call("GET", "/v1/cron")).body as {
      crons: readonly { last: unknown }[];
    };
    expect(crons[1]?.last).toMatchObject({ archive: { records: lines.length, done: true } });
  });

  it("answers 503 at its deadline while Redis is frozen, and goes on afterwards", async () => {
    await add({ id: "patient" });
    door.freeze();
    const frozen = await call("PUT", "/v1/predictions/patient/outcome", { value: "a" });
    door.thaw();
    expect(frozen).toMatchObject({ status: 503, body: { code: "redis_unavailable" } });
    const set = await call("PUT", "/v1/predictions/patient/outcome", { value: "a" });
    expect(set).toMatchObject({ status: 200, body: { correct: true } });
  });
});
