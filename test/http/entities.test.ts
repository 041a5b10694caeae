import { beforeEach, describe, expect, it } from "vitest";
import { createMemoryEntityStore } from "../../src/adapters/memory/entity-store.ts";
import { ADMIN_TOKEN, createHttpApp, type HttpApp } from "../support/http-app.ts";
import { type Json, jsonSender, refusalOf } from "../support/json-answers.ts";
import { describeRedisRoutes } from "../support/redis-routes.ts";

const MATCH = "/v1/entities/match/m-1";

let app: HttpApp;

beforeEach(() => {
  app = createHttpApp({ entities: createMemoryEntityStore() });
});

const send = jsonSender((path, init) => app.request(path, init), ADMIN_TOKEN);
const put = (body: unknown, headers?: Readonly<Record<string, string>>, path = MATCH) =>
  send("PUT", path, body, headers);
const etagOf = (answer: { readonly headers: Headers }) => answer.headers.get("etag") ?? "";

describe("PUT /v1/entities/{type}/{id}", () => {
  it("makes an entity, then changes what is given and keeps the rest", async () => {
    const made = await put({ features: { home: 1.5, größe: "groß" } });
    const { created_at } = made.body;
    expect([made.status, made.body]).toEqual([
      201,
      {
        type: "match",
        id: "m-1",
        state: "open",
        features: { home: 1.5, größe: "groß" },
        created_at,
        updated_at: created_at,
        rev: 1,
      },
    ]);
    expect(etagOf(made)).toBe('"1"');
    await app.clock.advance(1_000);
    const replaced = await put({ features: { away: 2 } });
    expect([replaced.status, replaced.body.features, replaced.body.rev]).toEqual([
      200,
      { away: 2 },
      2,
    ]);
    expect(replaced.body.created_at).toBe(created_at);
    expect(replaced.body.updated_at).not.toBe(created_at);
    const finished = await put({ state: "finished", outcome: "home" });
    expect(finished.body).toMatchObject({ state: "finished", outcome: "home", rev: 3 });
    expect(finished.body.features).toEqual({ away: 2 });
    expect((await send("GET", MATCH)).body).toEqual(finished.body);
  });

  it("makes an open one without features of an empty body", async () => {
    expect((await put({})).body).toMatchObject({ state: "open", features: {} });
  });

  it("changes nothing when the same comes again, as after a lost answer", async () => {
    for (const body of [{ features: { a: 1 } }, { state: "finished", outcome: 0 }]) {
      const first = await put(body);
      await app.clock.advance(1_000);
      const again = await put(body);
      expect([again.status, again.body]).toEqual([200, first.body]);
    }
  });

  it("neither opens a finished one again nor changes its outcome, unless told to replace", async () => {
    await put({ state: "finished", outcome: 1 });
    for (const body of [{ state: "open" }, { state: "finished", outcome: 2 }]) {
      const refused = await put(body);
      expect(refusalOf(refused)).toEqual([409, "entity_finished"]);
      expect(refused.body.detail).toMatch(/with the outcome 1: .*"replace": true/);
    }
    expect((await put({ features: { late: 1 } })).body).toMatchObject({ outcome: 1 });
    const other = await put({ state: "finished", outcome: "1", replace: true });
    expect(other.body).toMatchObject({ outcome: "1", features: { late: 1 } });
    const opened = await put({ state: "open", replace: true });
    expect(opened.body).toMatchObject({ state: "open" });
    expect(opened.body).not.toHaveProperty("outcome");
  });

  it("takes true, false, zero and an empty text as outcomes", async () => {
    for (const outcome of [true, false, 0, ""]) {
      const finished = await put({ state: "finished", outcome, replace: true });
      expect(finished.body.outcome).toBe(outcome);
    }
  });

  it("writes only what the conditions allow", async () => {
    expect(refusalOf(await put({}, { "if-match": "*" }))).toEqual([412, "precondition_failed"]);
    const made = await put({ features: { a: 1 } }, { "if-none-match": "*" });
    expect(made.status).toBe(201);
    expect(refusalOf(await put({ features: { a: 2 } }, { "if-none-match": "*" }))).toEqual([
      412,
      "precondition_failed",
    ]);
    const changed = await put({ features: { a: 2 } }, { "if-match": etagOf(made) });
    expect(changed.status).toBe(200);
    expect(refusalOf(await put({ features: { a: 3 } }, { "if-match": etagOf(made) }))).toEqual([
      412,
      "precondition_failed",
    ]);
    const weak = await put({ features: { a: 3 } }, { "if-match": `W/${etagOf(changed)}` });
    expect(weak.body.features).toEqual({ a: 3 });
  });

  it("answers a conditional put that comes again after its answer was lost", async () => {
    const made = await put({ features: { a: 1 } });
    const headers = { "if-match": etagOf(made) };
    const changed = await put({ features: { a: 2 } }, headers);
    const again = await put({ features: { a: 2 } }, headers);
    expect([again.status, again.body]).toEqual([200, changed.body]);
  });

  it("does not take an ETag of before a deletion for the entity that came after it", async () => {
    const made = await put({ features: { a: 1 } });
    await send("DELETE", MATCH);
    await put({ features: { b: 1 } });
    const stale = await put({ features: { a: 2 } }, { "if-match": etagOf(made) });
    expect(refusalOf(stale)).toEqual([412, "precondition_failed"]);
  });

  it.each<readonly [what: string, body: unknown, told: RegExp]>([
    ["finishing without an outcome", { state: "finished" }, /body\.outcome.*finished/],
    ["an outcome without finishing", { outcome: 1 }, /body\.outcome/],
    ["an outcome of an open one", { state: "open", outcome: 1 }, /body\.outcome/],
    ["an outcome that is null", { state: "finished", outcome: null }, /body\.outcome/],
    ["an outcome that is an object", { state: "finished", outcome: {} }, /body\.outcome.*number/],
    ["another state", { state: "closed" }, /body\.state.*open or finished/],
    ["a number past all", '{"features":{"b":1e400}}', /body\.features\.b is 1e400, .*a string/],
    [
      "digits that are lost",
      '{"features":{"b":[12345678901234567890]}}',
      /body\.features\.b\.0 .*2\^53/,
    ],
    ["an outcome past all", '{"state":"finished","outcome":1e400}', /body\.outcome is 1e400/],
    ["features in a list", { features: [1] }, /body\.features.*object/],
    ["features that are null", { features: null }, /body\.features/],
    ["a misspelt field", { feature: {} }, /feature/],
    ["more than 64 KB of features", { features: { a: "x".repeat(65_536) } }, /65536 bytes/],
    ["more than 64 KB in UTF-8", { features: { a: "ü".repeat(33_000) } }, /65536 bytes/],
    ["a list", [], /body/],
    ["no JSON", "{", /JSON/],
  ])("refuses %s", async (_what, body, told) => {
    const refused = await put(body);
    expect(refused.status).toBe(400);
    expect(refused.body.detail).toMatch(told);
    expect((await send("GET", MATCH)).status).toBe(404);
  });

  it("keeps a feature called __proto__ as it is", async () => {
    const text = '{"features":{"__proto__":{"a":1}}}';
    await put(text);
    const answer = await app.request(MATCH);
    expect(await answer.text()).toContain('"features":{"__proto__":{"a":1}}');
  });

  it.each([
    ["/v1/entities/Match/m"],
    ["/v1/entities/1/m"],
    [`/v1/entities/match/${"x".repeat(257)}`],
    ["/v1/entities/match/-m"],
    ["/v1/entities/match/a%20b"],
    ["/v1/entities/match/a%2Fb"],
    ["/v1/entities/match/%C3%BC"],
    ["/v1/entities/match/%00"],
  ])("refuses the path %s", async (path) => {
    expect(refusalOf(await put({}, {}, path))).toEqual([400, "invalid_request"]);
  });

  it.each(["a:b@c.d+e=f~g_h-i", "_", "1", "nx"])("takes the id %s", async (id) => {
    const path = `/v1/entities/match/${encodeURIComponent(id)}`;
    expect((await put({}, {}, path)).body.id).toBe(id);
    expect((await send("GET", path)).status).toBe(200);
  });

  it.each([
    [{ "if-match": "1" }],
    [{ "if-match": '"1", "2"' }],
    [{ "if-none-match": '"1"' }],
    [{ "if-match": "*", "if-none-match": "*" }],
  ])("refuses a condition that it cannot read: %j", async (headers) => {
    expect(refusalOf(await put({}, headers))).toEqual([400, "invalid_request"]);
  });
});

describe("GET and DELETE", () => {
  it("tell that there is none", async () => {
    for (const method of ["GET", "DELETE"]) {
      expect(refusalOf(await send(method, MATCH))).toEqual([404, "entity_not_found"]);
    }
  });

  it("delete one, if it is still the one of If-Match", async () => {
    const made = await put({ features: { a: 1 } });
    await put({ features: { a: 2 } });
    const headers = { "if-match": etagOf(made) };
    expect(refusalOf(await send("DELETE", MATCH, undefined, headers))).toEqual([
      412,
      "precondition_failed",
    ]);
    expect((await send("DELETE", MATCH)).status).toBe(204);
    expect((await send("GET", MATCH)).status).toBe(404);
  });

  it("list a type page by page, or those of a state", async () => {
    for (const id of ["c", "a", "b"]) await put({}, {}, `/v1/entities/match/${id}`);
    await put({ state: "finished", outcome: 1 }, {}, "/v1/entities/match/b");
    await put({}, {}, "/v1/entities/other/d");
    const idsOf = ({ body }: { readonly body: Json }) =>
      (body.items as readonly Json[]).map(({ id }) => id);
    const first = await send("GET", "/v1/entities/match?limit=2");
    expect(idsOf(first)).toEqual(["a", "b"]);
    const rest = await send("GET", `/v1/entities/match?limit=2&cursor=${first.body.next_cursor}`);
    expect([idsOf(rest), rest.body.next_cursor]).toEqual([["c"], undefined]);
    expect(idsOf(await send("GET", "/v1/entities/match?state=open"))).toEqual(["a", "c"]);
    expect(idsOf(await send("GET", "/v1/entities/none"))).toEqual([]);
    for (const query of ["limit=0", "limit=101", "state=closed", "cursor=%20", "cursor=Lw"]) {
      expect(refusalOf(await send("GET", `/v1/entities/match?${query}`))).toEqual([
        400,
        "invalid_request",
      ]);
    }
  });
});

describeRedisRoutes(
  [
    ["GET", "/v1/entities/match", undefined, "read"],
    ["GET", MATCH, undefined, "read"],
    ["PUT", MATCH, {}, "outcomes"],
    ["DELETE", MATCH, undefined, "outcomes"],
    ["POST", "/v1/entities/match", { id: "a" }, "outcomes"],
  ],
  {
    answering: { entities: createMemoryEntityStore() },
    silent: (call) => ({ entities: { getMany: call, swapMany: call, list: call } }),
  },
);
