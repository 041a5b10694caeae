import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ConversationEvent } from "../../../src/core/model/conversation-event.ts";
import type {
  AppendOptions,
  ConversationStore,
  EventQuery,
  KeptEvent,
} from "../../../src/core/ports/conversation-store.ts";
import { must } from "../../support/must.ts";
import type { StartedStore } from "../../support/redis-stores.ts";

const DEADLINE_MS = 10_000;
const KEPT: AppendOptions = { maxEvents: 10_000, keepMs: 60_000, deadlineMs: DEADLINE_MS };
const KEY = { key: "a".repeat(64), request: "b".repeat(64) };

type Draft = Partial<ConversationEvent>;

const eventOf = (id: string, draft: Draft = {}): ConversationEvent => ({
  id,
  at: "2026-11-01T00:00:00.000Z",
  category: "risk",
  resource: "loan",
  payload: 1,
  _model: "iris",
  _strategy: "fast",
  _version: "1",
  ...draft,
});

const kept = (id: string, draft: Draft = {}): KeptEvent => {
  const event = eventOf(id, draft);
  const { category, resource, scene = "", payload, valid } = event;
  const isValid = payload !== null && valid !== false;
  return { category, resource, scene, isValid, text: JSON.stringify(event) };
};

/** The promises of the conversation store port. */
export function describeConversationStore(
  start: () => Promise<StartedStore<ConversationStore>>,
): void {
  let started: StartedStore<ConversationStore>;
  let conversation = "";
  let conversations = 0;
  beforeAll(async () => {
    started = await start();
  });
  afterAll(() => started?.stop());

  const fresh = () => {
    conversations += 1;
    conversation = `c:${conversations}`;
  };
  const append = async (events: readonly KeptEvent[], options: Partial<AppendOptions> = {}) =>
    must(await started.store.append(conversation, events, { ...KEPT, ...options }));
  const read = async (query: Partial<EventQuery> = {}) => {
    const whole = { latest: false, limit: 1_000, maxBytes: 10_000_000, ...query };
    return must(await started.store.read(conversation, whole, DEADLINE_MS));
  };
  const idsOf = async (query: Partial<EventQuery> = {}) =>
    (await read(query)).events.map(({ id }) => id);

  it("has no events of a conversation that is not there", async () => {
    fresh();
    expect(await read()).toEqual({ events: [], total: 0 });
    expect(await read({ latest: true })).toEqual({ events: [], total: 0 });
  });

  it.each<readonly [what: string, payload: unknown]>([
    ["null", null],
    ["an empty text", ""],
    ["text that looks like a number", "12"],
    ["a number to its last digit", 0.1],
    ["nested values", { a: [1, { b: null }], "größe 日本": "🌊 \u2028" }],
    ["line breaks, quotes, backslashes and NUL", 'a\r\n"b"\\n\u0000'],
    ["half a surrogate pair", "\ud83c"],
    ["64 KB", "0123456789".repeat(6_400)],
  ])("returns %s exactly as it was appended", async (_what, payload) => {
    fresh();
    await append([kept("1", { payload, scene: "größe: *=nx", category: "ex" })]);
    expect((await read()).events).toEqual([
      eventOf("1", { payload, scene: "größe: *=nx", category: "ex" }),
    ]);
    expect(await idsOf({ category: "ex", scene: "größe: *=nx" })).toEqual(["1"]);
  });

  it("keeps the order of appends, one or many at a time", async () => {
    fresh();
    expect(await append([kept("b")])).toEqual({ kind: "appended", total: 1 });
    expect(await append([kept("a"), kept("c"), kept("a2")])).toEqual({
      kind: "appended",
      total: 4,
    });
    expect(await idsOf()).toEqual(["b", "a", "c", "a2"]);
  });

  it("keeps conversations apart, whatever their ids", async () => {
    fresh();
    await append([kept("1")]);
    conversation += ":headers";
    expect(await read()).toEqual({ events: [], total: 0 });
    await append([kept("2")]);
    expect(await idsOf()).toEqual(["2"]);
  });

  it("has all of many appends at once, each together, in one order for everybody", async () => {
    fresh();
    const batches = Array.from({ length: 20 }, (_, who) =>
      Array.from({ length: 5 }, (_, index) => kept(`${who}-${index}`)),
    );
    const answers = await Promise.all(batches.map((batch) => append(batch)));
    const totals = answers.map((answer) => (answer.kind === "appended" ? answer.total : -1));
    expect(totals.sort((a, b) => a - b)).toEqual(batches.map((_, index) => 5 * (index + 1)));
    const ids = await idsOf();
    expect(ids.toSorted()).toEqual(
      batches
        .flat()
        .map(({ text }) => (JSON.parse(text) as ConversationEvent).id)
        .sort(),
    );
    for (let at = 0; at < ids.length; at += 5) {
      const who = ids[at]?.split("-")[0];
      expect(ids.slice(at, at + 5)).toEqual([0, 1, 2, 3, 4].map((index) => `${who}-${index}`));
    }
    expect(await idsOf()).toEqual(ids);
  });

  it("appends once what comes with the same key, and answers the events of then", async () => {
    fresh();
    await append([kept("0")]);
    await append([kept("1"), kept("2")], { idempotency: KEY });
    await append([kept("3")]);
    const again = await append([kept("1b"), kept("2b")], { idempotency: KEY });
    expect(again).toEqual({ kind: "repeated", total: 4, events: [eventOf("1"), eventOf("2")] });
    expect(await idsOf()).toEqual(["0", "1", "2", "3"]);
  });

  it("appends once of many at once with the same key", async () => {
    fresh();
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, who) => append([kept(`${who}`)], { idempotency: KEY })),
    );
    expect(answers.filter(({ kind }) => kind === "appended")).toHaveLength(1);
    expect(answers.filter(({ kind }) => kind === "repeated")).toHaveLength(9);
    expect((await read()).total).toBe(1);
  });

  it("refuses a key that came with something else", async () => {
    fresh();
    await append([kept("1")], { idempotency: KEY });
    const other = { ...KEY, request: "c".repeat(64) };
    expect(await append([kept("2")], { idempotency: other })).toEqual({ kind: "key_reused" });
    expect(await idsOf()).toEqual(["1"]);
  });

  it("appends none of those that there is no room for", async () => {
    fresh();
    await append([kept("1"), kept("2")], { maxEvents: 3 });
    expect(await append([kept("3"), kept("4")], { maxEvents: 3, idempotency: KEY })).toEqual({
      kind: "full",
      total: 2,
    });
    expect(await idsOf()).toEqual(["1", "2"]);
    expect(await append([kept("5")], { maxEvents: 3, idempotency: KEY })).toEqual({
      kind: "appended",
      total: 3,
    });
    expect((await append([kept("6")], { maxEvents: 3 })).kind).toBe("full");
  });

  it("forgets a conversation as a whole, so long after its last event", async () => {
    fresh();
    await append([kept("1")], { keepMs: 60_000, idempotency: KEY });
    await append([kept("2")], { keepMs: 1_000 });
    expect((await read()).total).toBe(2);
    await expect.poll(async () => (await read()).total).toBe(0);
    expect(await append([kept("3")], { idempotency: KEY })).toEqual({ kind: "appended", total: 1 });
    expect(await idsOf()).toEqual(["3"]);
  });

  describe("of some of the events", () => {
    const SOME: readonly (readonly [id: string, draft: Draft])[] = [
      ["1", { category: "risk", resource: "loan", scene: "a" }],
      ["2", { category: "risk", resource: "card", scene: "b" }],
      ["3", { category: "mood", resource: "loan" }],
      ["4", { category: "risk", resource: "loan", scene: "b" }],
      ["5", { category: "risk", resource: "loan", payload: null }],
      ["6", { category: "risk", resource: "card", valid: false, scene: "b" }],
      ["7", { category: "mood", resource: "loan", scene: "a", valid: true, payload: 0 }],
    ];
    const fill = async () => {
      fresh();
      await append(SOME.map(([id, draft]) => kept(id, draft)));
    };

    it("tells those of a category, resource and scene, in order", async () => {
      await fill();
      expect(await idsOf({ category: "risk" })).toEqual(["1", "2", "4", "5", "6"]);
      expect(await idsOf({ category: "risk", resource: "card" })).toEqual(["2", "6"]);
      expect(await idsOf({ resource: "loan", scene: "a" })).toEqual(["1", "7"]);
      expect(await idsOf({ category: "ri" })).toEqual([]);
      expect(await idsOf({ category: "*" })).toEqual([]);
    });

    it("tells the latest valid one of each category and resource, newest first", async () => {
      await fill();
      expect(await idsOf({ latest: true })).toEqual(["7", "4", "2"]);
      expect(await idsOf({ latest: true, category: "risk" })).toEqual(["4", "2"]);
      expect(await idsOf({ latest: true, category: "risk", resource: "loan" })).toEqual(["4"]);
      expect(await idsOf({ latest: true, scene: "a" })).toEqual(["7", "1"]);
      expect(await idsOf({ latest: true, scene: "c" })).toEqual([]);
    });

    it.each([false, true])(
      "pages without a gap and without a repeat (latest: %s)",
      async (latest) => {
        await fill();
        const whole = await idsOf({ latest });
        const seen: string[] = [];
        let cursor: number | undefined;
        do {
          const page = await read({ latest, limit: 2, cursor });
          expect(page.total).toBe(7);
          seen.push(...page.events.map(({ id }) => id));
          cursor = page.nextCursor;
        } while (cursor !== undefined);
        expect(seen).toEqual(whole);
        expect((await read({ latest, limit: whole.length })).nextCursor).toBeUndefined();
      },
    );

    it("ends a page at its bytes, with one event at least", async () => {
      fresh();
      const payload = "x".repeat(1_000);
      await append(["1", "2", "3"].map((id) => kept(id, { payload })));
      const page = await read({ maxBytes: 1_500 });
      expect([page.events.length, page.nextCursor]).toEqual([2, 2]);
      expect((await read({ maxBytes: 1 })).events).toHaveLength(1);
      expect(await idsOf({ maxBytes: 1, cursor: 2 })).toEqual(["3"]);
    });
  });

  it("finds the last of 2,000, past what it looks at in one piece", async () => {
    fresh();
    const many = Array.from({ length: 1_000 }, (_, index) =>
      kept(`${index}`, { resource: `r${index % 600}` }),
    );
    await append([kept("first", { category: "rare" }), ...many]);
    await append(many);
    expect(await idsOf({ category: "rare" })).toEqual(["first"]);
    expect(await idsOf({ category: "rare", latest: true })).toEqual(["first"]);
    const page = await read({ limit: 3, cursor: 1_999 });
    expect(page.events.map(({ id }) => id)).toEqual(["998", "999"]);
    expect((await read({ latest: true })).events).toHaveLength(601);
  });
}
