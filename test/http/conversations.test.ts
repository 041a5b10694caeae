import { beforeEach, describe, expect, it } from "vitest";
import { createMemoryConversationStore } from "../../src/adapters/memory/conversation-store.ts";
import type { ConversationStore } from "../../src/core/ports/conversation-store.ts";
import { ADMIN_TOKEN, createHttpApp, type HttpApp } from "../support/http-app.ts";
import { type Json, jsonSender, refusalOf } from "../support/json-answers.ts";
import { describeRedisRoutes } from "../support/redis-routes.ts";

const EVENTS = "/v1/conversations/c-1/events";
const EVENT = { category: "risk", resource: "loan", payload: { label: "low" } };
const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

let app: HttpApp;
let store: ConversationStore;

beforeEach(() => {
  // Kept long enough for a test's clock.
  store = createMemoryConversationStore({ now: () => 0 });
  app = createHttpApp({ conversations: store });
});

const send = jsonSender((path, init) => app.request(path, init), ADMIN_TOKEN);
const append = (body: unknown, headers?: Readonly<Record<string, string>>) =>
  send("POST", EVENTS, body, headers);
const itemsOf = async (query = "") =>
  (await send("GET", `${EVENTS}${query}`)).body.items as readonly Json[];
const resourcesOf = async (query = "") => (await itemsOf(query)).map(({ resource }) => resource);

describe("POST …/events", () => {
  it("appends one event, with an id and a time of the server's", async () => {
    const told = {
      ...EVENT,
      scene: "checkout",
      _model: "credit",
      _strategy: "fast",
      _version: "3",
    };
    const appended = await append(told);
    const [event] = appended.body.events as readonly Json[];
    expect([appended.status, appended.body]).toEqual([
      201,
      {
        conversation: "c-1",
        events: [{ id: expect.stringMatching(ULID), at: new Date(app.clock.now()).toISOString() }],
        total: 1,
      },
    ]);
    expect((await send("GET", EVENTS)).body).toEqual({
      conversation: "c-1",
      items: [{ ...event, ...told }],
      total: 1,
    });
  });

  it("reads what does not say whence it came as unknown", async () => {
    await append({ ...EVENT, _model: "credit" });
    expect(await itemsOf()).toMatchObject([
      { _model: "credit", _strategy: "unknown", _version: "unknown" },
    ]);
  });

  it("appends many in their order: as an array, or as lines", async () => {
    const named = (...names: readonly string[]) =>
      names.map((resource) => ({ ...EVENT, resource }));
    await append(named("b", "a"));
    const lines = named("d", "c").map((event) => JSON.stringify(event));
    const appended = await append(`${lines.join("\r\n")}\n\n`, {
      "content-type": "application/x-ndjson",
    });
    expect(appended.body.total).toBe(4);
    expect(await resourcesOf()).toEqual(["b", "a", "d", "c"]);
    const ids = (await itemsOf()).map(({ id }) => id as string);
    expect(ids.slice(0, 2)).toEqual(ids.slice(0, 2).toSorted());
  });

  it("appends once what comes again with the same key, and answers as the first time", async () => {
    const headers = { "idempotency-key": '"k-1"' };
    const first = await append(EVENT, headers);
    await append({ ...EVENT, resource: "card" });
    const again = await append(EVENT, headers);
    expect([again.status, again.body]).toEqual([200, { ...first.body, total: 2 }]);
    expect(await itemsOf()).toHaveLength(2);
    expect(refusalOf(await append({ ...EVENT, payload: 2 }, headers))).toEqual([
      422,
      "idempotency_key_reused",
    ]);
    expect(refusalOf(await append(EVENT, { "idempotency-key": "" }))).toEqual([
      400,
      "invalid_request",
    ]);
    expect(await itemsOf()).toHaveLength(2);
  });

  it("appends twice what comes twice without a key", async () => {
    await append(EVENT);
    await append(EVENT);
    expect(await itemsOf()).toHaveLength(2);
  });

  it("takes null as a payload, and any other JSON", async () => {
    for (const payload of [null, 0, "", [], { a: { b: [null] } }, false]) {
      expect((await append({ ...EVENT, payload })).status).toBe(201);
    }
  });

  it.each<readonly [what: string, body: unknown, told: RegExp]>([
    ["a missing category", { ...EVENT, category: undefined }, /body\.category/],
    ["a missing payload", { category: "a", resource: "b" }, /body\.payload.*missing/],
    ["a category that is no text", { ...EVENT, category: 1 }, /body\.category/],
    ["an empty resource", { ...EVENT, resource: "" }, /body\.resource.*128/],
    ["a line break in a scene", { ...EVENT, scene: "a\nb" }, /body\.scene.*control/],
    ["a name that is too long", { ...EVENT, scene: "x".repeat(129) }, /body\.scene/],
    ["a misspelt field", { ...EVENT, catgory: "a" }, /catgory/],
    ["an id of the caller's", { ...EVENT, id: "1" }, /id/],
    ["more than 64 KB of payload", { ...EVENT, payload: "x".repeat(65_536) }, /65536 bytes/],
    ["an empty list", [], /an event/],
    ["one wrong event among others", [EVENT, { ...EVENT, resource: 7 }], /events\.1\.resource/],
    ["more than 1,000 events", Array.from({ length: 1_001 }, () => EVENT), /1000 events/],
    ["text", '"x"', /body/],
    ["no JSON", "{", /JSON/],
    ["nothing", "", /empty/],
  ])("refuses %s, and appends none", async (_what, body, told) => {
    const refused = await append(body);
    expect([refused.status, refused.body.detail]).toEqual([400, expect.stringMatching(told)]);
    expect(await itemsOf()).toEqual([]);
  });

  it.each<readonly [what: string, body: string, told: RegExp]>([
    ["a line that is no JSON", `${JSON.stringify(EVENT)}\n\n{`, /line 3.*JSON/],
    ["a line that is no event", `${JSON.stringify(EVENT)}\n{}`, /line 2\.category/],
    ["no lines", "\n \n", /no lines/],
  ])("refuses %s, and appends none", async (_what, body, told) => {
    const refused = await append(body, { "content-type": "application/x-ndjson" });
    expect([refused.status, refused.body.detail]).toEqual([400, expect.stringMatching(told)]);
    expect(await itemsOf()).toEqual([]);
  });

  it("refuses numbers that would be kept as other ones, and names them", async () => {
    const wrong = '{"category":"a","resource":"b","payload":{"score":[1e400]}}';
    const digits = '{"category":"a","resource":"b","payload":12345678901234567890}';
    const lines = { "content-type": "application/x-ndjson" };
    const details = [
      await append(wrong),
      await append(`[${JSON.stringify(EVENT)},${digits}]`),
      await append(`${JSON.stringify(EVENT)}\n${wrong}\n`, lines),
      await append(`${JSON.stringify(EVENT)}\n{"category": x}\n`, lines),
    ].map(({ status, body }) => [status, body.detail]);
    expect(details).toEqual([
      [400, expect.stringMatching(/^body\.payload\.score\.0 is 1e400, /)],
      [400, expect.stringMatching(/^body\.1\.payload is 12345678901234567890: past 2\^53 /)],
      [400, expect.stringMatching(/^line 2\.payload\.score\.0 is 1e400, /)],
      [400, expect.stringMatching(/^line 2 is not valid JSON: .* at column 14;/)],
    ]);
    expect(await itemsOf()).toEqual([]);
  });

  it("refuses more at once than Redis takes, and says what to do", async () => {
    const events = Array.from({ length: 6 }, () => ({ ...EVENT, payload: "x".repeat(60_000) }));
    const refused = await append(events);
    expect(refusalOf(refused)).toEqual([413, "body_too_large"]);
    expect(refused.body.detail).toMatch(/several requests/);
    expect((await append(events.slice(0, 5))).status).toBe(201);
    const numbers = `[${Array.from({ length: 2_900 }, () => "1e20").join(",")}]`;
    const event = JSON.stringify(EVENT).replace('{"label":"low"}', numbers);
    const short = `[${Array.from({ length: 6 }, () => event).join(",")}]`;
    expect(short.length).toBeLessThan(100_000);
    expect(refusalOf(await append(short))).toEqual([413, "body_too_large"]);
  });

  it("refuses what there is no room for, and says what to do", async () => {
    const many = Array.from({ length: 1_000 }, () => EVENT);
    for (let round = 0; round < 10; round += 1) await append(many);
    const refused = await append(EVENT);
    expect(refusalOf(refused)).toEqual([409, "conversation_full"]);
    expect(refused.body.detail).toMatch(/10000 of 10000.*new id/);
    expect((await send("GET", EVENTS)).body.total).toBe(10_000);
  });
});

describe("GET …/events", () => {
  it("has no events of a conversation that nobody wrote to", async () => {
    expect((await send("GET", EVENTS)).body).toEqual({ conversation: "c-1", items: [], total: 0 });
  });

  it("tells those of a category, resource and scene, page by page", async () => {
    await append(
      ["a", "b", "a", "a"].map((category, index) => ({
        ...EVENT,
        category,
        resource: `r${index}`,
        ...(index === 3 ? {} : { scene: "größe &" }),
      })),
    );
    expect(await resourcesOf("?category=a")).toEqual(["r0", "r2", "r3"]);
    expect(await resourcesOf("?resource=r1")).toEqual(["r1"]);
    const scene = `?category=a&scene=${encodeURIComponent("größe &")}`;
    expect(await resourcesOf(scene)).toEqual(["r0", "r2"]);
    const first = await send("GET", `${EVENTS}${scene}&limit=1`);
    expect(first.body.total).toBe(4);
    expect(await resourcesOf(`${scene}&limit=1&cursor=${first.body.next_cursor}`)).toEqual(["r2"]);
  });

  it("tells the latest valid one of each category and resource", async () => {
    await append([
      { ...EVENT, payload: 1 },
      { ...EVENT, payload: 2 },
      { ...EVENT, payload: 3, valid: false },
      { ...EVENT, payload: null },
      { ...EVENT, resource: "card", payload: 5 },
    ]);
    const payloads = async (query: string) => (await itemsOf(query)).map(({ payload }) => payload);
    expect(await payloads("?latest=true")).toEqual([5, 2]);
    expect(await payloads("?latest=true&category=risk&resource=loan")).toEqual([2]);
    expect(await payloads("?latest=false")).toEqual([1, 2, 3, null, 5]);
  });

  it.each([
    "limit=0",
    "limit=1001",
    "cursor=x",
    "cursor=LTE",
    "latest=yes",
    "category=",
    "scene=a%0Ab",
  ])("refuses ?%s", async (query) => {
    expect(refusalOf(await send("GET", `${EVENTS}?${query}`))).toEqual([400, "invalid_request"]);
  });

  it("refuses an id that is none", async () => {
    for (const id of ["-c", "a%20b", "%2e%2e%2fa", "x".repeat(257)]) {
      const refused = await send("GET", `/v1/conversations/${id}/events`);
      expect(refusalOf(refused)).toEqual([400, "invalid_request"]);
    }
  });
});

it("keeps a conversation for as long as the setting says", async () => {
  let asked = 0;
  app = createHttpApp({
    conversations: {
      ...store,
      append(conversation, events, options) {
        asked = options.keepMs;
        return store.append(conversation, events, options);
      },
    },
    settings: { conversationKeepMs: 12_345 },
  });
  await append(EVENT);
  expect(asked).toBe(12_345);
});

describeRedisRoutes(
  [
    ["GET", EVENTS, undefined, "read"],
    ["POST", EVENTS, EVENT, "outcomes"],
  ],
  {
    answering: { conversations: createMemoryConversationStore({ now: () => 0 }) },
    silent: (call) => ({ conversations: { append: call, read: call } }),
  },
);
