import { describe, expect, it } from "vitest";
import { createMemorySharedCache } from "../../../src/adapters/memory/shared-cache.ts";
import { effectivePolicy, paysInRedis } from "../../../src/core/cache/prediction-policy.ts";
import { fail } from "../../../src/core/model/result.ts";
import { makeTensor } from "../../../src/core/model/tensor.ts";
import type { SharedCache } from "../../../src/core/ports/shared-cache.ts";
import { ask, fakeModel } from "../../support/ask.ts";
import { type CountingEngine, createCountingEngine } from "../../support/counting-engine.ts";
import { settle } from "../../support/manual-clock.ts";
import { publish, putDeployment } from "../../support/publish.ts";
import { createTestCore, type TestCore, type TestCoreOptions } from "../../support/test-core.ts";

const TTL_MS = 60_000;
const STALE_MS = 300_000;
const NEVER_MS = 10 ** 9;

/** Redis as a test wants it: calls are told, and answers can be broken. */
interface Redis extends SharedCache {
  readonly calls: string[];
  readonly values: Map<string, string>;
  state: "up" | "refusing" | "frozen" | "slow";
  /** When a slow answer comes. */
  late: Promise<void>;
  nowMs: number;
}

function createRedis(): Redis {
  const calls: string[] = [];
  const values = new Map<string, string>();
  const clock = { now: () => redis.nowMs };
  const memory = createMemorySharedCache(clock);
  async function via<T>(call: string, answer: () => Promise<T>): Promise<T> {
    const isPrediction = call.includes("pred:");
    if (isPrediction) calls.push(call.split(":")[0] ?? "");
    if (!isPrediction || redis.state === "up") return answer();
    // As late as no read may be, and every write.
    if (redis.state === "slow") return redis.late.then(answer);
    if (redis.state === "frozen") return new Promise(() => undefined);
    return fail({ reason: "unreachable", detail: "the test said so" }) as T;
  }
  const redis: Redis = {
    ...memory,
    calls,
    values,
    state: "up",
    late: Promise.resolve(),
    nowMs: 0,
    get: (key, deadlineMs) => via(`get ${key}`, () => memory.get(key, deadlineMs)),
    set: (key, value, options) =>
      via(`set ${key}`, () => {
        values.set(key, value);
        return memory.set(key, value, options);
      }),
  };
  return redis;
}

interface Isolate {
  readonly core: TestCore;
  readonly engine: CountingEngine;
  sum(a: number, b: number): Promise<string>;
  /** Moves this isolate's and Redis' time. */
  advance(ms: number): Promise<void>;
  background(): Promise<void>;
}

/** An isolate that knows the epoch, of a bucket with `iris`. */
async function isolate(redis: Redis, options: TestCoreOptions = {}): Promise<Isolate> {
  const engine = createCountingEngine();
  const core = createTestCore({
    predictions: {},
    engine,
    sharedCache: redis,
    revalidateMs: NEVER_MS,
    ...options,
  });
  redis.nowMs = core.clock.now();
  await core.feed?.check(core.context);
  return {
    core,
    engine,
    async sum(a, b) {
      const inputs = [makeTensor("x", "FP32", [1, 2], Float32Array.of(a, b))];
      const answer = await ask(core, "iris", { inputs });
      if (!answer.ok) return answer.failure.reason;
      const { cached, outputs } = answer.value;
      const isStale = cached !== undefined && cached.tier !== "none" && cached.ttlMs <= 0;
      return `${cached?.tier ?? "off"}${isStale ? " stale" : ""} ${outputs[0]?.data[0]}`;
    },
    async advance(ms) {
      redis.nowMs += ms;
      await core.clock.advance(ms);
    },
    async background() {
      await core.clock.advance(0);
      await core.background();
    },
  };
}

/** A model whose predictions go to Redis, in a bucket that isolates share. */
async function published(
  cache: object = { redis: true },
): Promise<{ first: Isolate; redis: Redis }> {
  const redis = createRedis();
  const first = await isolate(redis);
  await publish(first.core.bucket, "iris", fakeModel(0));
  await putDeployment(first.core.bucket, "iris", 2, { production: { "1": 100 } }, { cache });
  return { first, redis };
}

const another = ({ core }: Isolate, redis: Redis, options: TestCoreOptions = {}) =>
  isolate(redis, { bucket: core.bucket, ...options });

const stats = ({ core }: Isolate) => core.deps.predictions?.stats().redis;

describe("a prediction in Redis", () => {
  it("computed by one isolate answers in another, which then has it itself", async () => {
    const { first, redis } = await published();
    expect(await first.sum(1, 2)).toBe("none 3");
    await first.background();
    const second = await another(first, redis);
    expect(await second.sum(1, 2)).toBe("redis 3");
    expect(await second.sum(1, 2)).toBe("isolate 3");
    expect(second.engine.runs).toBe(0);
    expect([stats(first), stats(second)]).toMatchObject([
      { hits: 0, misses: 1, errors: 0 },
      { hits: 1, misses: 0, errors: 0, breaker: "closed" },
    ]);
  });

  it("keeps the age and the time that it had where it was computed", async () => {
    const { first, redis } = await published();
    await first.sum(1, 2);
    await first.background();
    const second = await another(first, redis);
    await second.advance(TTL_MS - 1_000);
    const inputs = [makeTensor("x", "FP32", [1, 2], Float32Array.of(1, 2))];
    expect(await ask(second.core, "iris", { inputs })).toMatchObject({
      value: { cached: { tier: "redis", ageMs: TTL_MS - 1_000, ttlMs: 1_000, stored: true } },
    });
  });

  it("past its time is answered, and made anew in the background for all", async () => {
    const { first, redis } = await published();
    await first.sum(1, 2);
    await first.background();
    const second = await another(first, redis);
    await second.advance(TTL_MS);
    expect(await second.sum(1, 2)).toBe("redis stale 3");
    await second.background();
    await second.core.background();
    expect(second.engine.runs).toBe(1);
    const third = await another(first, redis);
    await third.advance(TTL_MS);
    expect(await third.sum(1, 2)).toBe("redis 3");
  });

  it("that another isolate has made anew is taken instead of a run", async () => {
    const { first, redis } = await published();
    await first.sum(1, 2);
    await first.background();
    const second = await another(first, redis);
    await second.sum(1, 2);
    for (const one of [first, second]) await one.core.clock.advance(TTL_MS);
    redis.nowMs += TTL_MS;
    expect(await first.sum(1, 2)).toBe("isolate stale 3");
    await first.background();
    await first.core.background();
    expect(await second.sum(1, 2)).toBe("isolate stale 3");
    await second.background();
    expect(await second.sum(1, 2)).toBe("isolate 3");
    expect([first.engine.runs, second.engine.runs]).toEqual([2, 0]);
  });

  it("is asked for once, and computed once, however many requests miss it", async () => {
    const { first, redis } = await published();
    await first.sum(5, 5);
    await first.background();
    redis.calls.length = 0;
    const answers = await Promise.all(Array.from({ length: 500 }, () => first.sum(1, 2)));
    expect(new Set(answers)).toEqual(new Set(["none 3"]));
    await first.background();
    expect([redis.calls, first.engine.runs]).toEqual([["get pred", "set pred"], 2]);
  });

  it("expires with its stale time", async () => {
    const { first, redis } = await published();
    await first.sum(1, 2);
    await first.background();
    const second = await another(first, redis);
    await second.advance(TTL_MS + STALE_MS);
    expect(await second.sum(1, 2)).toBe("none 3");
  });

  it("is not asked for where a run is cheaper, nor where the deployment says no", async () => {
    for (const cache of [{}, { redis: false }]) {
      const { first, redis } = await published(cache);
      await first.sum(1, 2);
      await first.background();
      expect(redis.calls).toEqual([]);
      expect(await first.sum(1, 2)).toBe("isolate 3");
    }
  });

  it("is the only one where the isolate is to keep none", async () => {
    const { first, redis } = await published({ redis: true, isolate: false });
    await first.sum(1, 2);
    await first.background();
    expect([await first.sum(1, 2), await first.sum(1, 2)]).toEqual(["redis 3", "redis 3"]);
    expect(redis.calls).toEqual(["get pred", "set pred", "get pred", "get pred"]);
  });

  it("is not written when it is longer than 512 KiB", async () => {
    const { first, redis } = await published();
    const rows = (count: number) => [
      makeTensor("x", "FP32", [count, 2], new Float32Array(2 * count)),
    ];
    await ask(first.core, "iris", { inputs: rows(50_000) });
    await ask(first.core, "iris", { inputs: rows(150_000) });
    await first.background();
    expect(redis.calls.filter((call) => call === "set pred")).toHaveLength(1);
  });
});

describe("a value in Redis that another clock has made", () => {
  it("has no age below 0", async () => {
    const { first, redis } = await published();
    await first.sum(1, 2);
    await first.background();
    for (const [key, value] of redis.values) {
      const ahead = value.replace(
        /"_created_at":(\d+)/,
        (_all, ms) => `"_created_at":${+ms + 9_000}`,
      );
      await redis.set(key, ahead, { deadlineMs: 1, ttlMs: NEVER_MS });
    }
    const second = await another(first, redis);
    const inputs = [makeTensor("x", "FP32", [1, 2], Float32Array.of(1, 2))];
    expect(await ask(second.core, "iris", { inputs })).toMatchObject({
      value: { cached: { tier: "redis", ageMs: 0 } },
    });
  });

  it("is fresh and stale for no longer than the settings here allow", async () => {
    const { first, redis } = await published();
    await first.sum(1, 2);
    await first.background();
    for (const [key, value] of redis.values) {
      const forever = value.replace(/_until":\d+/g, '_until":9e15');
      await redis.set(key, forever, { deadlineMs: 1, ttlMs: NEVER_MS });
    }
    const second = await another(first, redis);
    await second.advance(1.1 * TTL_MS);
    expect(await second.sum(1, 2)).toBe("redis stale 3");
    const third = await another(first, redis);
    await third.advance(1.1 * TTL_MS + STALE_MS);
    expect(await third.sum(1, 2)).toBe("none 3");
  });
});

describe("a version whose answers are not of the shapes that it says", () => {
  it("is computed once by each isolate, and is a hit from then on", async () => {
    const { first, redis } = await published({ redis: true, isolate: false });
    const lying = async (one: Isolate) => {
      const open = one.engine.open.bind(one.engine);
      one.engine.open = async (model) => {
        const opened = await open(model);
        if (!opened.ok) return opened;
        const outputs = [{ name: "sum", datatype: "FP32" as const, shape: [-1, 7] }];
        return { ok: true, value: { ...opened.value, outputs } };
      };
    };
    const second = await another(first, redis);
    for (const one of [first, second]) await lying(one);
    for (const one of [first, second]) {
      expect(await one.sum(1, 2)).toBe("none 3");
      await one.background();
      expect(await one.sum(1, 2)).toBe("redis 3");
    }
  });
});

describe("a value in Redis that is not the answer", () => {
  it.each([
    ["text", () => "OK"],
    ["another digest's", (value: string) => value.replace(/[0-9a-f]{64}/, "0".repeat(64))],
    ["cut", (value: string) => value.slice(0, -10)],
    [
      "of more rows",
      (value: string) =>
        value.replace('"shape":[1]', '"shape":[2]').replace("AABAQA==", "AABAQAAAQEA="),
    ],
    ["of another rank", (value: string) => value.replace('"shape":[1]', '"shape":[1,1]')],
    ["of the future", (value: string) => value.replace(/"_created_at":\d+/, '"_created_at":9e15')],
  ])("is a miss and an error: %s", async (_what, damage) => {
    const { first, redis } = await published();
    await first.sum(1, 2);
    await first.background();
    for (const [key, value] of redis.values) {
      await redis.set(key, damage(value), { deadlineMs: 1, ttlMs: NEVER_MS });
    }
    const second = await another(first, redis);
    expect(await second.sum(1, 2)).toBe("none 3");
    expect(stats(second)).toMatchObject({ hits: 0, misses: 0, errors: 1, breaker: "closed" });
  });
});

describe("Redis that does not answer", () => {
  it("costs a request its deadline, and nothing once it has failed three times in a row", async () => {
    const { first, redis } = await published();
    await first.sum(0, 0);
    await first.background();
    redis.state = "frozen";
    for (const row of [1, 2, 3]) {
      const asked = first.sum(row, 0);
      await settle();
      await first.advance(99);
      let answered = false;
      void asked.then(() => {
        answered = true;
      });
      await settle();
      expect(answered).toBe(false);
      await first.advance(1);
      expect(await asked).toBe(`none ${row}`);
      await first.advance(1_000);
    }
    redis.calls.length = 0;
    expect(await first.sum(4, 0)).toBe("none 4");
    expect(redis.calls).toEqual([]);
    expect(stats(first)).toMatchObject({ hits: 0, breaker: "open" });
    expect(first.core.story()).toContain("redis paused: unreachable");
  });

  it("in time, but takes what is written, is not asked for ever: a write forgives no read", async () => {
    const { first, redis } = await published({ redis: true, isolate: false });
    await first.sum(0, 0);
    await first.background();
    redis.state = "slow";
    for (const row of [1, 2, 3]) {
      redis.late = first.core.clock.after(150).done;
      const asked = first.sum(row, 0);
      await settle();
      await first.advance(100);
      expect(await asked).toBe(`none ${row}`);
      redis.late = first.core.clock.after(150).done;
      await first.advance(150);
      await first.background();
    }
    expect(redis.values.size).toBeGreaterThan(1);
    redis.calls.length = 0;
    expect(await first.sum(4, 0)).toBe("none 4");
    expect(redis.calls).toEqual([]);
    expect(stats(first)).toMatchObject({ breaker: "open", hits: 0 });
    expect(first.core.story()).toContain("redis paused: unreachable");
    // The next try is a reader's: no write takes it, nor closes the breaker behind its back.
    await first.advance(5_000);
    redis.late = first.core.clock.after(150).done;
    const tried = first.sum(5, 0);
    await settle();
    await first.sum(6, 0);
    await settle();
    expect(redis.calls).toEqual(["get pred"]);
    redis.state = "up";
    await first.advance(150);
    expect(await tried).toBe("none 5");
    expect(stats(first)).toMatchObject({ breaker: "open" });
  });

  it("is tried again after a while, by one request", async () => {
    const { first, redis } = await published();
    redis.state = "refusing";
    for (const row of [1, 2, 3]) await first.sum(row, 0);
    await first.background();
    redis.calls.length = 0;
    await first.sum(4, 0);
    await first.advance(5_000);
    await Promise.all([first.sum(5, 0), first.sum(6, 0), first.sum(7, 0)]);
    expect(redis.calls).toEqual(["get pred"]);
    expect(stats(first)?.breaker).toBe("open");
    redis.state = "up";
    await first.advance(10_000);
    await first.sum(8, 0);
    await first.background();
    expect(stats(first)?.breaker).toBe("closed");
  });

  it("never makes a prediction fail, and never is a hit", async () => {
    const { first, redis } = await published();
    await first.sum(1, 2);
    await first.background();
    redis.state = "refusing";
    const second = await another(first, redis);
    expect(await second.sum(1, 2)).toBe("none 3");
    expect(stats(second)).toMatchObject({ hits: 0, misses: 0 });
  });
});

describe("an order to clear", () => {
  it("leaves what lies in Redis unread, in every isolate that knows of it", async () => {
    const { first, redis } = await published();
    await first.sum(1, 2);
    await first.background();
    await redis.increment("epoch", 1);
    const second = await another(first, redis);
    expect(await second.sum(1, 2)).toBe("none 3");
    await first.core.feed?.check(first.core.context);
    expect(await first.sum(1, 2)).toBe("redis 3");
  });

  it("may have been given before this isolate began: without the epoch Redis is not asked", async () => {
    const { first, redis } = await published();
    const core = createTestCore({
      predictions: {},
      sharedCache: { ...redis, getMany: () => new Promise(() => undefined) },
      bucket: first.core.bucket,
    });
    const inputs = [makeTensor("x", "FP32", [1, 2], Float32Array.of(1, 2))];
    expect((await ask(core, "iris", { inputs })).ok).toBe(true);
    expect(redis.calls).toEqual([]);
  });
});

describe("whether Redis pays", () => {
  const policy = { isolate: true, redis: undefined, ttlMs: 1, staleMs: 1 };

  it.each([
    ["where runs take 5 ms", { count: 3, ns: 15_000_000 }, true],
    ["not where they take less", { count: 3, ns: 14_999_999 }, false],
    ["not before three runs: the first ones compile", { count: 2, ns: 90_000_000 }, false],
    ["not where clocks stand still", { count: 900, ns: 0 }, false],
    ["not before any run", { count: 0, ns: 0 }, false],
  ])("%s, unless the deployment says otherwise", (_what, runs, pays) => {
    expect(paysInRedis(policy, runs)).toBe(pays);
    expect(paysInRedis({ ...policy, redis: true }, runs)).toBe(true);
    expect(paysInRedis({ ...policy, redis: false }, runs)).toBe(false);
  });

  it("is no question where there is none", () => {
    const defaults = { useCache: true, ttlMs: 1, staleMs: 1 };
    const tiers = { isolate: true, redis: false };
    expect(effectivePolicy(defaults, { cache: { redis: true } }, tiers)?.redis).toBe(false);
  });
});
