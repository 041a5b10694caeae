import { describe, expect, it } from "vitest";
import { createMemoryConversationStore } from "../../src/adapters/memory/conversation-store.ts";
import { createMemoryEntityStore } from "../../src/adapters/memory/entity-store.ts";
import { fail, ok } from "../../src/core/model/result.ts";
import type { Tensor } from "../../src/core/model/tensor.ts";
import type { ConversationStore } from "../../src/core/ports/conversation-store.ts";
import type { ClientResult } from "../support/fixture-rows.ts";
import { ADMIN_TOKEN, type HttpAppOptions } from "../support/http-app.ts";
import { type Json, jsonSender } from "../support/json-answers.ts";
import { createFlowerApp, PREDICT, SETOSA, VIRGINICA } from "./flowers.ts";
import { createIrisEngine } from "./iris-engine.ts";

const CONVERSATION = { id: "c-1", category: "recommendation", resource: "flower" };
const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

interface Body {
  readonly results: readonly ClientResult[];
  readonly meta: { readonly conversation?: Json };
}

async function createApp(options: HttpAppOptions = {}) {
  const app = await createFlowerApp({
    conversations: createMemoryConversationStore({ now: () => 0 }),
    ...options,
  });
  const send = jsonSender((path, init) => app.request(path, init), ADMIN_TOKEN);
  const predict = async (body: object) => {
    const answer = await app.post(PREDICT, { conversation: CONVERSATION, ...body });
    const text = await answer.text();
    expect([answer.status, text]).toEqual([200, expect.anything()]);
    return JSON.parse(text) as Body;
  };
  const read = async (query = "") =>
    (await send("GET", `/v1/conversations/c-1/events${query}`)).body.items as readonly Json[];
  return { app, send, predict, read };
}

/** An app whose conversations answer so. */
const withAppend = (append: ConversationStore["append"]) =>
  createApp({
    conversations: { ...createMemoryConversationStore({ now: () => 0 }), append },
  });

describe("a prediction in a conversation", () => {
  it("is appended before it is answered, named for what computed it", async () => {
    const { predict, read } = await createApp();
    const scene = { conversation: { ...CONVERSATION, scene: "checkout" } };
    const { results, meta } = await predict({ rows: [SETOSA], ...scene });
    const { ok: _, ...payload } = results[0] as ClientResult;
    const events = await read();
    const told = { id: "c-1", events: events.map(({ id }) => id) };
    expect(meta.conversation).toEqual(told);
    expect(events).toEqual([
      {
        id: expect.stringMatching(ULID),
        at: expect.any(String),
        category: "recommendation",
        resource: "flower",
        scene: "checkout",
        payload,
        _model: "iris-logreg",
        _version: "1",
        _strategy: "fast",
      },
    ]);
    expect(payload).toMatchObject({ label: "setosa", prediction_id: expect.any(String) });
  });

  it("has an event for each row that was answered, in their order, and none for the others", async () => {
    const { predict, read } = await createApp();
    const { results, meta } = await predict({ rows: [SETOSA, 7, VIRGINICA] });
    const events = await read();
    expect(events.map(({ id }) => id)).toEqual(meta.conversation?.events);
    const ids = results.flatMap(({ prediction_id }) => prediction_id ?? []);
    expect(events.map(({ payload }) => (payload as Json).prediction_id)).toEqual(ids);
    const [latest] = await read("?latest=true");
    expect(latest?.payload).toMatchObject({ label: "virginica" });
  });

  it("appends nothing where no row was answered", async () => {
    const { predict, read } = await createApp();
    const { meta } = await predict({ rows: [7] });
    expect(meta.conversation).toEqual({ id: "c-1", events: [] });
    expect(await read()).toEqual([]);
  });

  it("takes rows in columns, and tells which entity each is of", async () => {
    const { predict, read, send } = await createApp({ entities: createMemoryEntityStore() });
    await send("PUT", "/v1/entities/flower/s", { features: SETOSA });
    await predict({ entities: ["flower:none", "flower:s"] });
    await predict({ columns: { a: [0], b: [1], c: [0], d: [0] } });
    expect((await read()).map(({ payload }) => payload)).toMatchObject([
      { entity: "flower:s", label: "setosa" },
      { label: "versicolor" },
    ]);
  });

  it("is part of no other answer", async () => {
    const { app } = await createApp();
    const answer = await app.post(PREDICT, { rows: [SETOSA] });
    expect(((await answer.json()) as Body).meta).not.toHaveProperty("conversation");
  });

  it("is answered all the same while Redis is silent, and the log hears why", async () => {
    const silence = fail({ reason: "unreachable", detail: "no answer" });
    const { app, predict } = await withAppend(async () => silence);
    const { results, meta } = await predict({ rows: [SETOSA] });
    expect(results).toMatchObject([{ ok: true, label: "setosa" }]);
    expect(meta.conversation).toEqual({
      id: "c-1",
      error: { code: "redis_unavailable", detail: expect.any(String) },
    });
    expect(app.events).toContainEqual(
      expect.objectContaining({
        kind: "conversation_not_written",
        conversation: "c-1",
        detail: "no answer",
      }),
    );
  });

  it("is known not to be appended while Redis is left alone, which is no unknown fate", async () => {
    const paused = fail({ reason: "paused", detail: "not asked", retryAfterMs: 3_500 });
    const { predict } = await withAppend(async () => paused);
    const { results, meta } = await predict({ rows: [SETOSA] });
    expect(results).toMatchObject([{ ok: true }]);
    expect(meta.conversation).toMatchObject({
      error: { code: "redis_unavailable", detail: expect.stringContaining("nothing was appended") },
    });
  });

  it("waits for Redis two seconds at most", async () => {
    const deadlines: number[] = [];
    const { predict } = await withAppend(async (_id, _events, { deadlineMs }) => {
      deadlines.push(deadlineMs);
      return ok({ kind: "appended", total: 1 });
    });
    await predict({ rows: [SETOSA] });
    expect(deadlines).toEqual([2_000]);
  });

  it("says so where the conversation is full, or there is no Redis", async () => {
    const { predict } = await withAppend(async () => ok({ kind: "full", total: 10_000 }));
    const full = await predict({ rows: [SETOSA] });
    expect(full.meta.conversation).toMatchObject({ error: { code: "conversation_full" } });
    const app = await createFlowerApp();
    const answer = await app.post(PREDICT, { rows: [SETOSA], conversation: CONVERSATION });
    expect(await answer.json()).toMatchObject({
      results: [{ ok: true }],
      meta: { conversation: { id: "c-1", error: { code: "redis_required" } } },
    });
  });

  it("appends all or none: more than one append may have is none", async () => {
    const { predict, read } = await createApp({ settings: { maxRows: 2_000 } });
    const rows = (count: number) => Array.from({ length: count }, () => Object.values(SETOSA));
    const word = "w".repeat(128);
    const wordy = { ...CONVERSATION, category: word, resource: word, scene: word };
    const cases = [
      [900, wordy],
      [1_001, CONVERSATION],
    ] as const;
    for (const [many, conversation] of cases) {
      const { results, meta } = await predict({ rows: rows(many), conversation });
      expect(results).toHaveLength(many);
      expect(meta.conversation).toMatchObject({ error: { code: "body_too_large" } });
    }
    expect(await read()).toEqual([]);
    const { meta } = await predict({ rows: rows(500) });
    expect(meta.conversation?.events).toHaveLength(500);
  });
});

it("an answer that is larger than an event may be is answered, and not appended", async () => {
  const engine = createIrisEngine();
  const wordy: typeof engine = {
    ...engine,
    async open(...given) {
      const opened = await engine.open(...given);
      if (!opened.ok) return opened;
      const session = opened.value;
      const run: typeof session.run = async (...asked) => {
        const ran = await session.run(...asked);
        const swell = (output: Tensor) =>
          output.datatype === "BYTES" ? { ...output, data: ["w".repeat(70_000)] } : output;
        return ran.ok ? ok(ran.value.map(swell)) : ran;
      };
      return ok({ ...session, run });
    },
  };
  const { predict, read } = await createApp({ engine: wordy });
  const { results, meta } = await predict({ rows: [SETOSA] });
  expect(JSON.stringify(results).length).toBeGreaterThan(70_000);
  expect(meta.conversation).toMatchObject({ error: { code: "body_too_large" } });
  expect(await read()).toEqual([]);
});

describe("where everybody may predict", () => {
  const settings = { environment: "production" };
  const body = { rows: [SETOSA], conversation: CONVERSATION };

  it("nobody fills or spoils a conversation without the scope that appending needs", async () => {
    const { app, read } = await createApp({ settings });
    for (const headers of [{}, { authorization: "Bearer a-guess" }]) {
      const answer = await app.post(PREDICT, body, headers as Record<string, string>);
      expect(answer.headers.get("www-authenticate")).toContain("Bearer");
      expect(await answer.json()).toMatchObject({
        status: 401,
        code: "unauthorized",
        detail: expect.stringContaining("to append to a conversation"),
      });
    }
    expect(await read()).toEqual([]);
    expect((await app.post(PREDICT, { rows: [SETOSA] })).status).toBe(200);
  });

  it("who may append has the answer appended", async () => {
    const { app, read } = await createApp({ settings });
    const answer = await app.post(PREDICT, body, { authorization: `Bearer ${ADMIN_TOKEN}` });
    expect(((await answer.json()) as Body).meta.conversation?.events).toHaveLength(1);
    expect(await read()).toHaveLength(1);
  });

  it("a developer's own machine needs no token", async () => {
    const { app } = await createApp({ settings: { environment: "dev" } });
    expect((await app.post(PREDICT, body)).status).toBe(200);
  });
});

describe("a conversation that is none is refused", () => {
  it.each([
    [{ ...CONVERSATION, id: "c 1" }, "conversation.id"],
    [{ ...CONVERSATION, category: "" }, "conversation.category"],
    [{ id: "c-1", category: "x" }, "conversation.resource"],
    [{ ...CONVERSATION, sceen: "x" }, "sceen"],
    ["c-1", "conversation must be an object of id"],
    [null, "conversation must be an object of id"],
  ])("%j", async (conversation, named) => {
    const { app } = await createApp();
    const answer = await app.post(PREDICT, { rows: [SETOSA], conversation });
    const { code, detail } = (await answer.json()) as { code: string; detail: string };
    expect([answer.status, code]).toEqual([400, "invalid_request"]);
    expect(detail).toContain(named);
  });

  it("with an answer in lines, which has no place for what became of it", async () => {
    const { app } = await createApp();
    const headers = { accept: "application/x-ndjson" };
    const body = { rows: [SETOSA], conversation: CONVERSATION };
    const answer = await app.post(PREDICT, body, headers);
    expect(answer.status).toBe(400);
    expect(((await answer.json()) as { detail: string }).detail).toContain("application/json");
  });
});
