import { beforeEach, describe, expect, it } from "vitest";
import { createNodeDigest } from "../../infra/local/node-digest.ts";
import { createMemoryEntityStore } from "../../src/adapters/memory/entity-store.ts";
import { createMemoryPredictionStore } from "../../src/adapters/memory/prediction-store.ts";
import type { PredictionRecord } from "../../src/core/model/prediction-record.ts";
import { fail } from "../../src/core/model/result.ts";
import type { PredictionStore } from "../../src/core/ports/prediction-store.ts";
import { PredictionRecorder } from "../../src/core/quality/record-predictions.ts";
import { ADMIN_TOKEN, createHttpApp, type HttpApp } from "../support/http-app.ts";
import { createManualClock } from "../support/manual-clock.ts";
import { putDeployment, putVersion } from "../support/publish.ts";
import { addRecords, aRecord } from "../support/records.ts";

const AUTH = { authorization: `Bearer ${ADMIN_TOKEN}` };

/** The manual clock begins on this day. */
const TODAY = "2023-11-14T22:00:00.000Z";

interface Subject {
  readonly app: HttpApp;
  readonly line: { isSilent: boolean };
  add(...records: readonly PredictionRecord[]): Promise<unknown>;
}

async function createSubject(): Promise<Subject> {
  const clock = createManualClock();
  const inner = createMemoryPredictionStore(clock);
  const line = { isSilent: false };
  const predictions = new Proxy(inner, {
    get: (store, name: keyof PredictionStore) =>
      line.isSilent
        ? async () => fail({ reason: "unreachable", detail: "the test cut the line" })
        : store[name],
  });
  const digest = createNodeDigest();
  const events = { emit: () => undefined };
  const recorder = new PredictionRecorder({ predictions, digest, events, clock });
  const app = createHttpApp({
    records: { predictions, recorder },
    entities: createMemoryEntityStore(),
  });
  const facts = { task: "classification", classes: ["a", "b"] };
  await putVersion(app.bucket, "iris", "1", Uint8Array.of(1), facts);
  await putDeployment(app.bucket, "iris", 1, { production: { "1": 100 } });
  return {
    app,
    line,
    add: (...records) => addRecords(inner, records, clock.now()),
  };
}

const record = (id: string, more: Partial<PredictionRecord> = {}) =>
  aRecord({ id, at: TODAY, ...more });

let subject: Subject;
beforeEach(async () => {
  subject = await createSubject();
});

const get = async (path: string, status = 200) => {
  const answer = await subject.app.request(path);
  expect(answer.status, path).toBe(status);
  return (await answer.json()) as Record<string, unknown>;
};
const put = (id: string, body: unknown, headers: Record<string, string> = AUTH) =>
  subject.app.request(`/v1/predictions/${id}/outcome`, {
    method: "PUT",
    body: JSON.stringify(body),
    headers,
  });
const send = (type: string, body: string) =>
  subject.app.request("/v1/outcomes", {
    method: "POST",
    body,
    headers: { ...AUTH, "content-type": type },
  });
const linesOf = async (answer: Response) =>
  (await answer.text())
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe("a prediction's record", () => {
  it("is there with its outcome, and whether that was as answered", async () => {
    await subject.add(record("p1"));
    expect(await get("/v1/predictions/p1")).toEqual({ ...record("p1"), rev: 1 });
    await put("p1", { value: "a", at: "2023-11-15T01:00:00+01:00" });
    expect(await get("/v1/predictions/p1")).toMatchObject({
      outcome: { value: "a", at: "2023-11-15T00:00:00.000Z" },
      correct: true,
      rev: 2,
    });
  });

  it("that is not there is 404, which says how recording is switched on", async () => {
    const problem = await get("/v1/predictions/unarchived", 404);
    expect(problem).toMatchObject({ code: "prediction_not_found" });
    expect(problem.detail).toContain("record.rate");
    expect(problem.detail).toContain("record.days");
  });

  it("is listed newest first, by version, time and outcome, a page at a time", async () => {
    const at = (minute: number) => `2023-11-14T10:0${minute}:00.000Z`;
    for (const minute of [1, 2, 3, 4, 5]) {
      const version = minute === 3 ? "2" : "1";
      await subject.add(record(`p${minute}`, { at: at(minute), version }));
    }
    await put("p4", { value: "b" });
    const ids = async (query: string) => {
      const page = await get(`/v1/predictions?model=iris${query}`);
      return (page.items as readonly { readonly id: string }[]).map((item) => item.id);
    };
    expect(await ids("")).toEqual(["p5", "p4", "p3", "p2", "p1"]);
    expect(await ids("&version=2")).toEqual(["p3"]);
    expect(await ids("&with_outcome=true")).toEqual(["p4"]);
    expect(await ids("&with_outcome=false&version=1")).toEqual(["p5", "p2", "p1"]);
    expect(await ids(`&from=${at(2)}&to=${at(4)}`)).toEqual(["p4", "p3", "p2"]);
    // A day is meant whole.
    expect(await ids("&from=2023-11-14&to=2023-11-14")).toHaveLength(5);
    expect(await ids("&to=2023-11-13")).toEqual([]);
    const seen: string[] = [];
    let cursor: unknown;
    do {
      const next = cursor === undefined ? "" : `&cursor=${cursor}`;
      const page = await get(`/v1/predictions?model=iris&version=1&limit=1${next}`);
      seen.push(...(page.items as { id: string }[]).map((item) => item.id));
      cursor = page.next_cursor;
    } while (cursor !== undefined);
    expect(seen).toEqual(["p5", "p4", "p2", "p1"]);
  });

  it("is 404 for a model that is not there", async () => {
    const { code } = await get("/v1/predictions?model=nope", 404);
    expect(code).toBe("model_not_found");
  });

  it.each(["accuracy", "statistics"])("%s refuses a query that nobody knows", async (what) => {
    const { detail } = await get(`/v1/models/iris/${what}?windw=7d`, 400);
    expect(detail).toBe("the query's 'windw' is not known here; did you mean 'window'?");
  });

  it.each([
    "",
    "?model=../x",
    "?model=iris&limit=0",
    "?model=iris&vesion=1",
    "?model=iris&limit=201",
    "?model=iris&from=yesterday",
    "?model=iris&to=2023-13-45",
    "?model=iris&version=latest",
    "?model=iris&with_outcome=maybe",
    "?model=iris&cursor=%21",
    "?model=iris&cursor=YWJj",
  ])("list refuses '%s' with 400", async (query) => {
    const { code } = await get(`/v1/predictions${query}`, 400);
    expect(code).toBe("invalid_request");
  });
});

describe("an outcome", () => {
  it("is idempotent, conflicts with another one, and is replaced when it is to be", async () => {
    await subject.add(record("p1"));
    const first = await put("p1", { value: "b" });
    expect(first.status).toBe(200);
    const told = await first.json();
    expect(told).toMatchObject({ prediction_id: "p1", outcome: { value: "b" }, correct: false });
    await subject.app.clock.advance(1_000);
    expect(await (await put("p1", { value: "b" })).json()).toEqual(told);
    const other = await put("p1", { value: "a" });
    expect(other.status).toBe(409);
    expect(await other.json()).toMatchObject({ code: "outcome_conflict" });
    const replaced = await put("p1", { value: "a", replace: true });
    expect(await replaced.json()).toMatchObject({ outcome: { value: "a" }, correct: true });
    const { groups } = await get("/v1/models/iris/accuracy");
    expect(groups).toMatchObject([{ key: "1", n: 1, coverage: 1, metrics: { accuracy: 1 } }]);
  });

  it.each<[what: string, body: unknown, status: number, code: string]>([
    ["a class that the model has not", { value: "c" }, 422, "outcome_invalid"],
    ["null", { value: null }, 400, "invalid_request"],
    ["a list", { value: ["a"] }, 400, "invalid_request"],
    ["no value", {}, 400, "invalid_request"],
    ["a misspelt field", { value: "a", replaced: true }, 400, "invalid_request"],
    ["a time without an offset", { value: "a", at: "2023-11-14T10:00" }, 400, "invalid_request"],
  ])("refuses %s", async (_what, body, status, code) => {
    await subject.add(record("p1"));
    const answer = await put("p1", body);
    expect(answer.status).toBe(status);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(await answer.json()).toMatchObject({ code });
  });

  it("refuses a number that would lose digits, alone and in lines", async () => {
    await subject.add(record("p1", { output: { value: 1 } }));
    const [path, headers] = ["/v1/predictions/p1/outcome", AUTH] as const;
    const body = '{"value":9007199254740993}';
    const answer = await subject.app.request(path, { method: "PUT", body, headers });
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      { code: "invalid_request", detail: expect.stringMatching(/^body\.value is 900.*digits/) },
    ]);
    const lines = await subject.app.request("/v1/outcomes", {
      method: "POST",
      body: '{"prediction_id":"p1","value":9007199254740993}',
      headers: { ...AUTH, "content-type": "application/x-ndjson" },
    });
    expect(await linesOf(lines)).toMatchObject([{ ok: false, error: { code: "invalid_request" } }]);
  });

  it("asks the manifest for the classes where the record has no probabilities", async () => {
    await subject.add(record("p1", { output: { label: "a" } }));
    expect((await put("p1", { value: "z" })).status).toBe(422);
    expect((await put("p1", { value: "b" })).status).toBe(200);
  });

  it("waits for an entity that is not finished", async () => {
    const entity = { type: "match", id: "m-1" };
    await subject.add(record("p1", { entity }));
    const store = (body: object) =>
      subject.app.request("/v1/entities/match/m-1", {
        method: "PUT",
        body: JSON.stringify(body),
        headers: AUTH,
      });
    expect((await store({ features: {} })).status).toBe(201);
    const early = await put("p1", { value: "a" });
    expect(early.status).toBe(409);
    expect(await early.json()).toMatchObject({ code: "outcome_pending" });
    expect((await store({ state: "finished", outcome: "a" })).status).toBe(200);
    expect((await put("p1", { value: "a" })).status).toBe(200);
  });

  it("needs the scope outcomes", async () => {
    await subject.add(record("p1"));
    expect((await put("p1", { value: "a" }, {})).status).toBe(401);
  });
});

describe("many outcomes", () => {
  it("take lines of JSON, each for itself, in order", async () => {
    await subject.add(record("p1"), record("p2"), record("p3", { output: { value: 2 } }));
    const body = [
      '{"prediction_id":"p1","value":"a"}',
      "",
      "{not json",
      '{"prediction_id":"p2","value":"nobody"}',
      '{"prediction_id":"gone","value":"a"}',
      '{"prediction_id":"p1","value":"b"}',
      '{"prediction_id":"p1","value":"b","replace":true}',
      '{"prediction_id":"p3","value":2.5}',
      '{"prediction_id":"p3"}',
    ].join("\n");
    const answer = await send("application/x-ndjson", body);
    expect(answer.status).toBe(200);
    const lines = await linesOf(answer);
    expect(lines.map(({ line }) => line)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    const codes = lines.map((line) => (line.error as { code: string } | undefined)?.code ?? "ok");
    expect(codes).toEqual([
      "ok",
      "invalid_json",
      "outcome_invalid",
      "prediction_not_found",
      "outcome_conflict",
      "ok",
      "ok",
      "invalid_request",
    ]);
    expect(lines[5]).toMatchObject({
      prediction_id: "p1",
      outcome: { value: "b" },
      correct: false,
    });
  });

  it("take CSV with a header, quotes, other columns and Windows' line ends", async () => {
    await subject.add(
      record("p1", { output: { label: "a, b", probabilities: { "a, b": 1 } } }),
      record("p2", { output: { value: 2 } }),
    );
    const csv = 'value,note,prediction_id\r\n"a, b",x,p1\r\n-1.5,,p2\r\nonly two,p2\r\n';
    const lines = await linesOf(await send("text/csv", csv));
    expect(lines).toMatchObject([
      { line: 2, ok: true, outcome: { value: "a, b" }, correct: true },
      { line: 3, ok: true, outcome: { value: -1.5 } },
      { line: 4, ok: false, error: { code: "invalid_request" } },
    ]);
  });

  it("come by the thousand", async () => {
    const ids = Array.from({ length: 3_000 }, (_, index) => `p${index}`);
    await subject.add(...ids.map((id) => record(id)));
    const csv = `prediction_id,value\n${ids.map((id) => `${id},a`).join("\n")}`;
    const lines = await linesOf(await send("text/csv", csv));
    expect(lines.filter(({ ok }) => ok === true)).toHaveLength(3_000);
    expect(lines.at(-1)).toMatchObject({ line: 3_001, prediction_id: "p2999" });
    expect((await get("/v1/models/iris/accuracy")).groups).toMatchObject([{ n: 3_000 }]);
  });

  it.each<[what: string, type: string, body: string, status: number, code: string]>([
    ["JSON", "application/json", "{}", 415, "unsupported_media_type"],
    ["nothing", "application/x-ndjson", "", 400, "invalid_request"],
    ["a CSV without the columns", "text/csv", "id,truth\n1,a", 400, "invalid_request"],
    [
      "a CSV with one twice",
      "text/csv",
      "prediction_id,value,value\np,a,b",
      400,
      "invalid_request",
    ],
  ])("refuse %s", async (_what, type, body, status, code) => {
    const answer = await send(type, body);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ code });
  });

  it("say in a last line that Redis fell silent, and what was told before is kept", async () => {
    const ids = Array.from({ length: 600 }, (_, index) => `p${index}`);
    await subject.add(...ids.map((id) => record(id)));
    const answer = await send(
      "application/x-ndjson",
      ids.map((id) => `{"prediction_id":"${id}","value":"a"}`).join("\n"),
    );
    subject.line.isSilent = true;
    const lines = await linesOf(answer);
    subject.line.isSilent = false;
    const last = lines.at(-1);
    expect(last).toMatchObject({ ok: false, final: true, error: { code: "redis_unavailable" } });
    const told = lines.filter(({ ok }) => ok === true).length;
    expect(told).toBeGreaterThan(0);
    expect(told).toBeLessThan(600);
    expect((await get("/v1/models/iris/accuracy")).groups).toMatchObject([{ n: told }]);
  });
});

it("what waits to be written is told by the status of the caches", async () => {
  const nothing = { written: 0, pending: 0, failed_writes: 0, lost: 0 };
  expect((await get("/v1/cache/status")).records).toEqual(nothing);
  const without = await createHttpApp().request("/v1/cache/status");
  expect(await without.json()).toMatchObject({ records: null });
});

describe("accuracy and statistics", () => {
  it("are told by version, strategy, route and day, within the window", async () => {
    await subject.add(
      record("p1"),
      record("p2", { version: "2", route: "canary:2", tier: "isolate" }),
      record("p3", { strategy: "premium" }),
      record("old", { at: "2023-10-01T10:00:00.000Z" }),
    );
    for (const id of ["p1", "p2", "old"]) await put(id, { value: "a" });
    const keys = async (query: string) => {
      const { groups } = await get(`/v1/models/iris/accuracy?${query}`);
      return (groups as { key: string; n: number }[]).map(({ key, n }) => `${key}=${n}`);
    };
    expect(await keys("")).toEqual(["1=1", "2=1"]);
    expect(await keys("window=all")).toEqual(["1=2", "2=1"]);
    expect(await keys("by=strategy")).toEqual(["fast=2", "premium=0"]);
    expect(await keys("by=route")).toEqual(["canary:2=1", "production:1=1"]);
    expect(await keys("by=day&window=365d")).toEqual(["2023-10-01=1", "2023-11-14=2"]);
    const statistics = await get("/v1/models/iris/statistics?by=version");
    expect(statistics).toMatchObject({
      model: "iris",
      window: "7d",
      groups: [
        { key: "1", predictions: 2, outcomes: 1, coverage: 0.5, labels: { a: 2 } },
        { key: "2", predictions: 1, cached_share: 1, tiers: { isolate: 1 } },
      ],
    });
  });

  it("are empty for a model without records, and 404 for one that is not there", async () => {
    expect(await get("/v1/models/iris/accuracy")).toMatchObject({ groups: [] });
    expect(await get("/v1/models/nobody/accuracy", 404)).toMatchObject({ code: "model_not_found" });
    expect(await get("/v1/models/nobody/statistics", 404)).toMatchObject({
      code: "model_not_found",
    });
  });

  it.each(["window=1h", "window=0d", "by=model"])("refuse '%s'", async (query) => {
    expect(await get(`/v1/models/iris/accuracy?${query}`, 400)).toMatchObject({
      code: "invalid_request",
    });
  });
});

const ROUTES = [
  ["GET", "/v1/predictions?model=iris"],
  ["GET", "/v1/predictions/p1"],
  ["GET", "/v1/models/iris/accuracy"],
  ["GET", "/v1/models/iris/statistics"],
  ["PUT", "/v1/predictions/p1/outcome"],
  ["POST", "/v1/outcomes"],
] as const;

describe.each(ROUTES)("%s %s", (method, path) => {
  const ask = (app: HttpApp) =>
    app.request(path, {
      method,
      headers: { ...AUTH, "content-type": "application/x-ndjson" },
      ...(method === "GET" ? {} : { body: '{"value":"a"}' }),
    });

  it("says what to configure where there is no Redis", async () => {
    const answer = await ask(createHttpApp());
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ code: "redis_required" });
  });

  it("says to try again while Redis is silent", async () => {
    await subject.add(record("p1"));
    subject.line.isSilent = true;
    const body = path === "/v1/outcomes" ? '{"prediction_id":"p1","value":"a"}' : '{"value":"a"}';
    const answer = await subject.app.request(path, {
      method,
      headers: { ...AUTH, "content-type": "application/x-ndjson" },
      ...(method === "GET" ? {} : { body }),
    });
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toBe("1");
    expect(await answer.json()).toMatchObject({ code: "redis_unavailable" });
  });
});
