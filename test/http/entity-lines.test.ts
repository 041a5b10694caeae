import { beforeEach, describe, expect, it } from "vitest";
import { createMemoryEntityStore } from "../../src/adapters/memory/entity-store.ts";
import { fail, ok } from "../../src/core/model/result.ts";
import type { EntityStore } from "../../src/core/ports/entity-store.ts";
import type { FinishedEntity } from "../../src/core/quality/entities/put-entities.ts";
import { ADMIN_TOKEN, createHttpApp, type HttpApp } from "../support/http-app.ts";
import { type Json, jsonSender, refusalOf } from "../support/json-answers.ts";

const MATCH = "/v1/entities/match/m-1";
const COUNTS = { settled: 2, unchanged: 1, conflicting: 0, invalid: 0, pending: 3 };
const SILENT = fail({ reason: "unreachable", detail: "no answer at 10.0.0.1" });

let app: HttpApp;
let store: EntityStore;

beforeEach(() => {
  store = createMemoryEntityStore();
  app = createHttpApp({ entities: store });
});

const send = jsonSender((path, init) => app.request(path, init), ADMIN_TOKEN);
const put = (body: unknown, path = MATCH) => send("PUT", path, body);

describe("POST /v1/entities/{type}", () => {
  const post = (lines: readonly unknown[]) =>
    send(
      "POST",
      "/v1/entities/match",
      lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n"),
    );

  it("puts each line for itself, and tells of each", async () => {
    await put({ state: "finished", outcome: 1 }, "/v1/entities/match/done");
    const { status, body } = await post([
      { id: "a", features: { x: 1 } },
      "",
      "{",
      { id: "done", state: "open" },
      { id: "b", state: "finished", outcome: "home" },
      { id: "b c" },
      { features: {} },
      { id: "d", state: "finished" },
    ]);
    expect([status, body.written, body.failed]).toEqual([200, 2, 5]);
    expect(body.results).toEqual([
      { line: 1, id: "a", ok: true, state: "open", rev: expect.any(Number), created: true },
      { line: 3, ok: false, error: { code: "invalid_json", detail: expect.any(String) } },
      {
        line: 4,
        id: "done",
        ok: false,
        error: expect.objectContaining({ code: "entity_finished" }),
      },
      { line: 5, id: "b", ok: true, state: "finished", rev: expect.any(Number), created: true },
      {
        line: 6,
        ok: false,
        error: { code: "invalid_request", detail: expect.stringMatching(/line\.id/) },
      },
      { line: 7, ok: false, error: expect.objectContaining({ code: "invalid_request" }) },
      { line: 8, ok: false, error: expect.objectContaining({ code: "invalid_request" }) },
    ]);
    expect((await send("GET", "/v1/entities/match/b")).body.outcome).toBe("home");
  });

  it("tells a bad line as a line, and refuses CSV as a whole", async () => {
    const { body } = await post(['{"id": x}']);
    expect(body.results).toMatchObject([
      { error: { detail: expect.stringMatching(/^the line is not valid JSON.* at column 8;/) } },
    ]);
    const csv = await send("POST", "/v1/entities/match", "id,x\na,1\n", {
      "content-type": "text/csv; charset=utf-8",
    });
    expect(refusalOf(csv)).toEqual([415, "unsupported_media_type"]);
    expect(csv.body.detail).toMatch(/x-ndjson/);
  });

  it("refuses numbers that would be kept as other ones, and names them", async () => {
    const { body } = await post([
      '{"id":"a","features":{"b":1e400}}',
      '{"id":"b","features":{"list":[0,{"n":12345678901234567890}]}}',
      '{"id":"c","state":"finished","outcome":-1e400}',
      '{"id":"d","features":{"a":9007199254740993.5,"b":"12345678901234567890","c":1e300}}',
    ]);
    const results = body.results as readonly { readonly error?: Json }[];
    expect(results.map(({ error }) => error?.detail)).toEqual([
      expect.stringMatching(/^line\.features\.b is 1e400, .*write it as a string/),
      expect.stringMatching(
        /^line\.features\.list\.1\.n is 12345678901234567890: past 2\^53 write it as a string/,
      ),
      expect.stringMatching(/^line\.outcome is -1e400, /),
      undefined,
    ]);
  });

  it("carries out lines of the same id in their order, and once", async () => {
    const { body } = await post([
      { id: "a", features: { x: 1 } },
      { id: "a", state: "finished", outcome: 1 },
      { id: "a", state: "open" },
      { id: "a", features: { x: 2 } },
    ]);
    expect((body.results as readonly Json[]).map((result) => result.ok)).toEqual([
      true,
      true,
      false,
      true,
    ]);
    const { body: kept } = await send("GET", "/v1/entities/match/a");
    expect(kept).toMatchObject({ features: { x: 2 }, state: "finished", outcome: 1, rev: 1 });
    await post([{ id: "a", features: { x: 2 } }]);
    expect((await send("GET", "/v1/entities/match/a")).body.rev).toBe(1);
  });

  it("puts 1,000 lines with large features, in batches that Redis takes", async () => {
    let largest = 0;
    app = createHttpApp({
      entities: {
        ...store,
        swapMany(type, writes, deadlineMs) {
          largest = Math.max(largest, JSON.stringify(writes).length);
          return store.swapMany(type, writes, deadlineMs);
        },
      },
    });
    const text = "x".repeat(7_000);
    const { body } = await post(
      Array.from({ length: 1_000 }, (_, index) => ({ id: `e${index}`, features: { text } })),
    );
    expect([body.written, body.failed]).toEqual([1_000, 0]);
    expect(largest).toBeGreaterThan(100_000);
    expect(largest).toBeLessThan(500_000);
  });

  it("finishes large entities a few at a time: Redis takes 1 MB a request", async () => {
    const sizes: number[] = [];
    app = createHttpApp({
      entities: {
        ...store,
        swapMany(type, writes, deadlineMs) {
          sizes.push(JSON.stringify(writes).length);
          return store.swapMany(type, writes, deadlineMs);
        },
      },
    });
    const ids = Array.from({ length: 30 }, (_, index) => `large${index}`);
    const text = "x".repeat(60_000);
    await post(ids.map((id) => ({ id, features: { text } })));
    sizes.length = 0;
    const { body } = await post(ids.map((id) => ({ id, state: "finished", outcome: 1 })));
    expect([body.written, body.failed]).toEqual([30, 0]);
    expect((await send("GET", "/v1/entities/match/large29")).body).toMatchObject({
      ...{ state: "finished", features: { text } },
    });
    expect(sizes).toHaveLength(15);
    expect(Math.max(...sizes)).toBeLessThan(160_000);
  });

  it("refuses what is too much, or nothing", async () => {
    expect(refusalOf(await post(Array.from({ length: 1_001 }, () => "{}")))).toEqual([
      400,
      "invalid_request",
    ]);
    expect(refusalOf(await post(["", " "]))).toEqual([400, "invalid_request"]);
    const large = await post(["x".repeat(8 * 1024 * 1024 + 1)]);
    expect(refusalOf(large)).toEqual([413, "body_too_large"]);
    expect(large.body.detail).toMatch(/several requests/);
  });

  it("fails those lines whose batch Redis did not answer, and keeps the ones before", async () => {
    let calls = 0;
    app = createHttpApp({
      entities: {
        ...store,
        async swapMany(...given) {
          calls += 1;
          return calls === 2 ? SILENT : store.swapMany(...given);
        },
      },
    });
    const { status, body } = await post(Array.from({ length: 450 }, (_, id) => ({ id: `${id}` })));
    expect([status, body.written, body.failed]).toEqual([200, 200, 250]);
    expect((body.results as readonly Json[])[200]).toMatchObject({
      ok: false,
      error: { code: "redis_unavailable" },
    });
    expect(JSON.stringify(body)).not.toContain("10.0.0.1");
    expect(calls).toBe(2);
  });
});

describe("an entity that is finished", () => {
  const told: FinishedEntity[] = [];
  let settles = true;
  beforeEach(() => {
    told.splice(0);
    settles = true;
    app = createHttpApp({
      entities: store,
      onEntityFinished: async (finished) => {
        told.push(finished);
        return settles ? ok(COUNTS) : SILENT;
      },
    });
  });

  it("is told of before it is acknowledged, and again when the put is repeated", async () => {
    await put({ features: {} });
    expect(told).toEqual([]);
    await put({ state: "finished", outcome: 1 });
    await put({ state: "finished", outcome: 1 });
    await put({ state: "finished", outcome: 2 });
    await put({ features: { a: 1 } });
    await put({ state: "finished", outcome: 2, replace: true });
    const finished = { type: "match", id: "m-1", untilMs: expect.any(Number) };
    expect(told).toEqual([
      { ...finished, outcome: 1, rev: 2 },
      { ...finished, outcome: 1, rev: 2 },
      { ...finished, outcome: 2, rev: 4 },
    ]);
  });

  it("is answered with what became of its predictions, alone and as a line", async () => {
    expect((await put({ features: {} })).body).not.toHaveProperty("predictions");
    const finish = { state: "finished", outcome: 1 };
    const { status, body } = await put(finish);
    expect([status, body.predictions]).toEqual([200, COUNTS]);
    expect((await send("GET", MATCH)).body).not.toHaveProperty("predictions");
    const line = JSON.stringify({ id: "b", ...finish });
    const lines = await send("POST", "/v1/entities/match", line);
    expect(lines.body.results).toMatchObject([{ id: "b", ok: true, predictions: COUNTS }]);
  });

  it("is not acknowledged while nobody could be told, yet kept", async () => {
    settles = false;
    const refused = await put({ state: "finished", outcome: 1 });
    expect(refusalOf(refused)).toEqual([503, "redis_unavailable"]);
    expect(refused.body.detail).toMatch(/send it again/);
    expect(refused.headers.get("retry-after")).toBe("1");
    expect((await send("GET", MATCH)).body.state).toBe("finished");
    settles = true;
    expect((await put({ state: "finished", outcome: 1 })).status).toBe(200);
    expect(told).toHaveLength(2);
  });

  it("is told of once for several lines, and fails them together", async () => {
    settles = false;
    const lines = [
      { id: "a", state: "finished", outcome: 1 },
      { id: "b", features: {} },
    ];
    const { body } = await send(
      "POST",
      "/v1/entities/match",
      lines.map((line) => JSON.stringify(line)).join("\n"),
    );
    expect(body).toMatchObject({
      written: 1,
      results: [{ ok: false, error: { code: "redis_unavailable" } }, { ok: true }],
    });
  });
});
