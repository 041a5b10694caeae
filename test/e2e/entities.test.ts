import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Stack, startStack } from "../../infra/local/stack.ts";
import { type Json, jsonSender, refusalOf } from "../support/json-answers.ts";
import { type RedisDoor, startRedisDoor } from "../support/redis-door.ts";
import { describeNeeding } from "../support/skip-loudly.ts";
import { startTestStack, TEST_TOKEN } from "../support/stack.ts";

const EVENT = { category: "risk", resource: "loan", payload: { score: 0.93, text: "größe 🌊" } };

const call = ({ url }: Pick<Stack, "url">, ...asked: Parameters<ReturnType<typeof jsonSender>>) =>
  jsonSender((path, init) => fetch(`${url}${path}`, init), TEST_TOKEN)(...asked);

describe("entities and conversations on the local stack", () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startTestStack();
  });
  afterAll(() => stack.stop());

  it("loses no write of many writers who each add to what the one before wrote", async () => {
    const path = "/v1/entities/counter/c";
    await call(stack, "PUT", path, { features: { seen: [] } });
    const add = async (who: number): Promise<void> => {
      for (;;) {
        const read = await call(stack, "GET", path);
        const { seen } = read.body.features as { readonly seen: readonly number[] };
        const put = await call(
          stack,
          "PUT",
          path,
          { features: { seen: [...seen, who] } },
          { "if-match": read.headers.get("etag") ?? "" },
        );
        if (put.status === 200) return;
        expect(put.status).toBe(412);
      }
    };
    const writers = Array.from({ length: 12 }, (_, who) => who);
    await Promise.all(writers.map(add));
    const { body } = await call(stack, "GET", path);
    const { seen } = body.features as { readonly seen: number[] };
    expect(seen.toSorted((a, b) => a - b)).toEqual(writers);
  });

  it("lets one of many different outcomes stand, and tells the others", async () => {
    const outcomes = Array.from({ length: 12 }, (_, who) => who);
    const finish = (outcome: number) =>
      call(stack, "PUT", "/v1/entities/match/raced", { state: "finished", outcome });
    const answers = await Promise.all(outcomes.map(finish));
    const { body } = await call(stack, "GET", "/v1/entities/match/raced");
    for (const [outcome, answer] of answers.entries()) {
      const isIt = body.outcome === outcome;
      expect(refusalOf(answer)).toEqual(isIt ? [201, undefined] : [409, "entity_finished"]);
    }
  });

  it("has all events of many appends at once, in one order for everybody", async () => {
    const path = "/v1/conversations/busy/events";
    const append = (who: number) =>
      call(
        stack,
        "POST",
        path,
        [1, 2, 3].map((step) => ({ ...EVENT, resource: `${who}-${step}` })),
      );
    const writers = Array.from({ length: 12 }, (_, who) => who);
    const appended = await Promise.all(writers.map(append));
    expect(appended.every(({ status }) => status === 201)).toBe(true);
    const read = await call(stack, "GET", path);
    const items = read.body.items as readonly Json[];
    expect(items.map(({ resource }) => resource).sort()).toEqual(
      writers.flatMap((who) => [1, 2, 3].map((step) => `${who}-${step}`)).sort(),
    );
    for (let at = 0; at < items.length; at += 3) {
      const who = String(items[at]?.resource).split("-")[0];
      expect(items.slice(at, at + 3).map(({ resource }) => resource)).toEqual(
        [1, 2, 3].map((step) => `${who}-${step}`),
      );
    }
    expect((await call(stack, "GET", path)).body).toEqual(read.body);
  });

  it("knows numbers by their digits, and refuses those that would be kept as other ones", async () => {
    const features = '{"features":{"a":1e300,"b":{"c":12345678901234567890}}}';
    const put = await call(stack, "PUT", "/v1/entities/large/digits", features);
    expect([put.status, put.body.detail]).toEqual([
      400,
      expect.stringMatching(/^body\.features\.b\.c is 12345678901234567890: past 2\^53/),
    ]);
  });

  it("takes the largest features, payload and append that it says it takes", async () => {
    const features = { text: "\\".repeat(32_760) };
    const path = "/v1/entities/large/l";
    expect((await call(stack, "PUT", path, { features })).status).toBe(201);
    expect((await call(stack, "GET", path)).body.features).toEqual(features);
    const events = Array.from({ length: 4 }, () => ({ ...EVENT, payload: '"'.repeat(32_700) }));
    const appended = await call(stack, "POST", "/v1/conversations/large/events", events);
    expect([appended.status, appended.body.total]).toEqual([201, 4]);
    const read = await call(stack, "GET", "/v1/conversations/large/events");
    expect((read.body.items as readonly Json[]).map(({ payload }) => payload)).toEqual(
      events.map(({ payload }) => payload),
    );
  });
});

describe("while Redis does not answer", () => {
  let door: RedisDoor;
  let stack: Stack;
  beforeAll(async () => {
    door = await startRedisDoor();
    stack = await startTestStack({ ...door.vars });
  });
  afterAll(async () => {
    await stack.stop();
    await door.stop();
  });

  it("nothing is acknowledged, and the same sent again is kept once", async () => {
    const entity = "/v1/entities/match/frozen";
    const events = "/v1/conversations/frozen/events";
    const key = { "idempotency-key": '"k-1"' };
    const finish = { state: "finished", outcome: "home" };
    door.freeze();
    const refused = await Promise.all([
      call(stack, "PUT", entity, finish),
      call(stack, "GET", entity),
      call(stack, "POST", events, EVENT, key),
      call(stack, "GET", events),
    ]);
    for (const answer of refused) {
      expect(refusalOf(answer)).toEqual([503, "redis_unavailable"]);
      expect(answer.headers.get("retry-after")).toBe("1");
    }
    await expectUnasked([
      ["PUT", entity, finish],
      ["GET", entity],
      ["DELETE", entity],
      ["POST", "/v1/entities/match", { id: "frozen" }],
      ["POST", events, EVENT],
      ["GET", events],
      ["POST", "/v1/models/iris-logreg/predict", { entities: ["match:frozen"] }],
      ["GET", "/v1/predictions/frozen"],
      ["PUT", "/v1/predictions/frozen/outcome", { value: "setosa" }],
      ["GET", "/v1/models/iris-logreg/accuracy"],
    ]);
    // What waited in Redis is carried out now: its answers are lost.
    door.thaw();
    // Somebody is let through when the pause is over, and everybody after him.
    await expect
      .poll(async () => (await call(stack, "PUT", entity, finish)).status, { interval: 500 })
      .toBe(200);
    expect((await call(stack, "PUT", entity, finish)).body).toMatchObject(finish);
    const again = await call(stack, "POST", events, EVENT, key);
    expect(again.body.total).toBe(1);
    const read = await call(stack, "GET", events);
    expect(read.body.items).toMatchObject([EVENT]);
  });

  /** Once Redis has been silent a few times, nobody waits for it: it is not even asked. */
  async function expectUnasked(asked: readonly (readonly [string, string, unknown?])[]) {
    const calls = door.calls.length;
    for (const [method, path, body] of asked) {
      const answer = await call(stack, method, path, body);
      expect([path, ...refusalOf(answer)]).toEqual([path, 503, "redis_unavailable"]);
      expect(answer.body.detail).toMatch(/left alone.*nothing was asked of it or done/);
      const seconds = Number(answer.headers.get("retry-after"));
      expect(seconds).toBeGreaterThanOrEqual(1);
      expect(seconds).toBeLessThanOrEqual(60);
    }
    const since = door.calls.slice(calls).filter((command) => /EVAL|MGET/.test(command));
    expect(since).toEqual([]);
  }
});

describeNeeding(["redis-server"], "a stack that is stopped and started again", () => {
  it("has its entities and conversations as they were", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "freshet-e2e-"));
    const start = () =>
      startStack({
        host: "127.0.0.1",
        port: 0,
        dataDir,
        adminToken: TEST_TOKEN,
        shutdownMs: 1_000,
        given: {},
      });
    const entity = "/v1/entities/match/kept";
    const events = "/v1/conversations/kept/events";
    try {
      const first = await start();
      await call(first, "PUT", entity, { features: { a: 1 } });
      const put = await call(first, "PUT", entity, { state: "finished", outcome: 2.5 });
      const { predictions: _none, ...kept } = put.body;
      await call(first, "POST", events, [EVENT, { ...EVENT, resource: "card" }]);
      const read = await call(first, "GET", events);
      expect(read.body.total).toBe(2);
      await first.stop();
      const second = await start();
      try {
        expect((await call(second, "GET", entity)).body).toEqual(kept);
        expect((await call(second, "GET", events)).body).toEqual(read.body);
        const list = await call(second, "GET", "/v1/entities/match?state=finished");
        expect(list.body.items).toEqual([kept]);
      } finally {
        await second.stop();
      }
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  });
});
