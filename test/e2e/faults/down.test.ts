import { afterAll, beforeAll, beforeEach, describe, type ExpectStatic, it } from "vitest";
import { callApi } from "../../support/call-api.ts";
import { KINDS_OF_DOWN } from "../../support/down.ts";
import { type FaultyStack, startFaultyStack } from "../../support/faulty-stack.ts";
import { askIris, irisBytes } from "../../support/iris.ts";
import { drip, latency } from "../../support/proxy-faults.ts";
import { publish, putDeployment, putVersion } from "../../support/publish.ts";

const REVALIDATE_MS = 100;
const REDIS_DEADLINE_MS = 100;
/** For a busy machine, not for the Worker. */
const SLACK_MS = 5_000;
/** What reading a pointer may take (DOCUMENT_DEADLINE_MS). */
const AT_ONCE_MS = 5_000;
const REQUESTS = 20;
/** Of the S3 client, for one call. */
const MOST_ATTEMPTS = 4;
/** After three failures the breaker asks no more, and once again after five seconds; some were on their way. */
const MOST_REDIS_CALLS = 10;

const PATIENCE = { timeout: 60_000, interval: 100 };

/** The three groups wait side by side, each on a stack of its own; in each, one kind of down comes after another. */
const inTurn = { concurrent: false };

function useStack(settings: Readonly<Record<string, string>>) {
  let setup: FaultyStack;
  let models = 0;
  beforeAll(async () => {
    setup = await startFaultyStack({ REVALIDATE_MS: `${REVALIDATE_MS}`, ...settings });
  });
  afterAll(() => setup.stop());
  beforeEach(async () => {
    await setup.s3.heal();
    await setup.redis.heal();
  });
  return {
    get stack() {
      return setup;
    },
    /** A model of its own, and the bytes of its next version. */
    async newModel(deployment: Readonly<Record<string, unknown>> = {}) {
      models += 1;
      const [model, mark] = [`m${models}`, 2 * models];
      await publish(setup.store, model, irisBytes(mark));
      await putDeployment(setup.store, model, 1, { production: { "1": 100 } }, deployment);
      return { model, next: irisBytes(mark + 1) };
    },
    /** A right answer's version, and where it came from. */
    async answers(expect: ExpectStatic, model: string, flower = 0) {
      const answer = await askIris(setup.stack.url, model, flower);
      const { isRight, status, error, headers, version } = answer;
      expect([isRight, status, error]).toEqual([true, 200, undefined]);
      return { version, source: headers.get("cache-status") ?? "" };
    },
  };
}

type World = ReturnType<typeof useStack>;

describe.concurrent("invariant 9: with Redis down predictions go on", () => {
  const world = useStack({ REDIS_DEADLINE_MS: `${REDIS_DEADLINE_MS}` });

  it.for(KINDS_OF_DOWN)(
    "%s: loaded and cold models answer, versions are published, and Redis is used again afterwards",
    inTurn,
    async ([, takeDown], { expect }) => {
      // Kept in Redis alone, so that each request would ask it.
      const cache = { redis: true, isolate: false, ttl_ms: 600_000 };
      const { model, next } = await world.newModel({ cache });
      const cold = await world.newModel({ cache });
      const { redis, stack } = world.stack;
      const source = async () => (await world.answers(expect, model)).source;
      await expect.poll(source, PATIENCE).toMatch(/^redis; hit/);
      redis.clear();
      await takeDown(redis);
      let longestMs = 0;
      for (let flower = 0; flower < REQUESTS; flower += 1) {
        const startedMs = performance.now();
        const { source } = await world.answers(expect, model, flower);
        longestMs = Math.max(longestMs, performance.now() - startedMs);
        expect(source).not.toMatch(/^redis; hit/);
      }
      expect(longestMs).toBeLessThan(REDIS_DEADLINE_MS + SLACK_MS);
      const asked = redis.calls.filter((line) => line.includes(":pred:"));
      expect(asked.length).toBeLessThanOrEqual(MOST_REDIS_CALLS);
      await world.answers(expect, cold.model);
      const versions = `/v1/models/${model}/versions?alias=production`;
      expect((await callApi(stack.url, "POST", versions, next)).status).toBe(201);
      const version = async () => (await world.answers(expect, model)).version;
      await expect.poll(version, PATIENCE).toBe("2");
      await redis.heal();
      await expect.poll(source, PATIENCE).toMatch(/^redis; hit/);
    },
  );
});

describe.concurrent("a Redis that takes every write, and answers reads too late", () => {
  const world = useStack({ REDIS_DEADLINE_MS: `${REDIS_DEADLINE_MS}` });

  it.for([
    ["late", latency(5 * REDIS_DEADLINE_MS)],
    ["dripping", drip(50)],
  ] as const)(
    "%s: is soon not asked any more, and is again afterwards",
    inTurn,
    async ([, fault], { expect }) => {
      const cache = { redis: true, isolate: false, ttl_ms: 600_000 };
      const { model } = await world.newModel({ cache });
      const source = async () => (await world.answers(expect, model)).source;
      await expect.poll(source, PATIENCE).toMatch(/^redis; hit/);
      const slow = world.stack.redis.inject(/^GET freshet:dev:pred:/, fault);
      for (let flower = 0; flower < REQUESTS; flower += 1)
        await world.answers(expect, model, flower);
      expect(slow.hits).toBeLessThanOrEqual(MOST_REDIS_CALLS);
      slow.lift();
      await expect.poll(source, PATIENCE).toMatch(/^redis; hit/);
    },
  );
});

/** Served on past several checks, each of which finds nobody. */
async function goesOn(expect: ExpectStatic, world: World, model: string) {
  for (let round = 0; round < REQUESTS; round += 1) {
    expect((await world.answers(expect, model)).version).toBe("1");
    await new Promise((done) => setTimeout(done, REVALIDATE_MS / 4));
  }
}

/** A herd on a model that is not loaded: all refused at once, and the store asked as for one. */
async function isRefused(expect: ExpectStatic, { stack: { s3, stack } }: World, model: string) {
  s3.clear();
  const startedMs = performance.now();
  const herd = Array.from({ length: REQUESTS }, () => askIris(stack.url, model));
  for (const { status, headers, error } of await Promise.all(herd)) {
    expect([status, headers.get("retry-after")]).toEqual([503, "1"]);
    expect(error).not.toMatch(/127\.0\.0\.1|deployment\.json/);
  }
  expect(performance.now() - startedMs).toBeLessThan(AT_ONCE_MS + SLACK_MS);
  const asked = s3.calls.filter((call) => call === `GET models/${model}/deployment.json`);
  expect(asked.length).toBeLessThanOrEqual(MOST_ATTEMPTS);
}

type Models = Readonly<Record<"loaded" | "cold", string>> & {
  readonly next: Uint8Array<ArrayBuffer>;
};

/** Both answer, and the loaded one takes a new version. */
async function isWellAgain(expect: ExpectStatic, world: World, { loaded, cold, next }: Models) {
  const { stack, store } = world.stack;
  expect((await world.answers(expect, cold)).version).toBe("1");
  await putVersion(store, loaded, "2", next);
  await putDeployment(store, loaded, 2, { production: { "2": 100 } });
  await callApi(stack.url, "POST", `/v1/cache/refresh/${loaded}`);
  const version = async () => (await world.answers(expect, loaded)).version;
  await expect.poll(version, PATIENCE).toBe("2");
}

describe.concurrent.each([
  ["with S3 down loaded models go on", false],
  ["with Redis and S3 down and nothing loaded, 503 with Retry-After at once", true],
] as const)("invariant 9: %s", (_, isRedisDown) => {
  const world = useStack({ USE_CACHE: "false" });

  it.for(KINDS_OF_DOWN)(
    "%s: what is loaded answers, the rest is refused, and all is well afterwards",
    inTurn,
    async ([, takeDown], { expect }) => {
      const { model: loaded, next } = await world.newModel();
      const { model: cold } = await world.newModel();
      await world.answers(expect, loaded);
      const { redis, s3 } = world.stack;
      if (isRedisDown) await takeDown(redis);
      await takeDown(s3);
      await isRefused(expect, world, cold);
      await goesOn(expect, world, loaded);
      await s3.heal();
      await redis.heal();
      await isWellAgain(expect, world, { loaded, cold, next });
    },
  );
});
