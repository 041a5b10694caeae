import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readFixture } from "../support/fixtures.ts";
import { inferBinary, inferJson } from "../support/infer.ts";
import { publish, putDeployment, putVersion } from "../support/publish.ts";
import { type RedisDoor, startRedisDoor } from "../support/redis-door.ts";
import { resetMidway } from "../support/reset-midway.ts";
import { type StackBehindProxy, startStackBehindProxy } from "../support/stack-behind-proxy.ts";

const iris = readFixture("iris-logreg", "1");
const row = iris.rows.slice(0, 1);
const label = iris.expected.label?.[0];
const TTL_MS = 1_000;
const DEADLINE_MS = 100;

/** Other bytes of the same model, so that tests share no answers: readers pass over an unknown field. */
const bytesOf = (mark: number) => Uint8Array.from([...iris.bytes, 0x9a, 0x3e, 0x01, mark]);

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

describe("kept predictions in workerd", () => {
  let setup: StackBehindProxy;
  let redis: RedisDoor;

  beforeAll(async () => {
    redis = await startRedisDoor();
    setup = await startStackBehindProxy({
      CACHE_TTL_MS: `${TTL_MS}`,
      CACHE_STALE_MS: "600000",
      REDIS_DEADLINE_MS: `${DEADLINE_MS}`,
      ...redis.vars,
    });
  });
  afterAll(async () => {
    await setup.stop();
    await redis.stop();
  });
  beforeEach(() => redis.thaw());

  const ask = async (model: string, rows: readonly (readonly number[])[] = row) => {
    const answer = await inferJson(setup.stack.url, `/v2/models/${model}/infer`, rows);
    expect(answer.status).toBe(200);
    return { ...answer, status: answer.headers.get("cache-status") ?? "" };
  };

  /** A flower like the first one, and yet another. */
  const other = (index: number) => [row[0]?.map((value) => value + index / 1_000) ?? []];

  const executions = async (model: string) => {
    const answer = await fetch(`${setup.stack.url}/v2/models/${model}/stats`);
    const { model_stats: pages } = (await answer.json()) as {
      model_stats: { execution_count: number }[];
    };
    return pages.reduce((sum, page) => sum + page.execution_count, 0);
  };

  it("answer a JSON request by what a binary one computed", async () => {
    await publish(setup.store, "forms", bytesOf(1));
    const first = await inferBinary(setup.stack.url, "/v2/models/forms/infer", row);
    const second = await ask("forms");
    expect(second.status).toMatch(/^isolate; hit; ttl=[01]$/);
    expect(second.outputs.map(({ data }) => data)[0]).toEqual([label]);
    expect(first.outputs[0]?.data).toEqual([label]);
  });

  it("are answered past their time, and made anew behind the answer", async () => {
    await publish(setup.store, "stale", bytesOf(2));
    await ask("stale");
    await pause(1.2 * TTL_MS);
    expect((await ask("stale")).status).toMatch(/^isolate; hit; ttl=-\d+$/);
    await expect
      .poll(async () => (await ask("stale")).status, { interval: 20 })
      .toMatch(/^isolate; hit; ttl=[01]$/);
    // Once for the first, once anew; a slow machine may pass the second one's time as well.
    const runs = await executions("stale");
    expect([runs >= 2, runs <= 3]).toEqual([true, true]);
  });

  it("are computed once for a herd, clients that reset among it", async () => {
    await putVersion(setup.store, "herd", "1", bytesOf(3));
    const cache = { cache: { ttl_ms: 600_000 } };
    await putDeployment(setup.store, "herd", 1, { production: { "1": 100 } }, cache);
    setup.proxy.delayMs = 150;
    const resets = Array.from({ length: 20 }, (_, index) =>
      resetMidway(setup.stack.url, "/v2/models/herd/infer", row, 10 + 20 * index),
    );
    const answers = await Promise.all(Array.from({ length: 200 }, () => ask("herd")));
    await Promise.all(resets);
    setup.proxy.delayMs = 0;
    expect(answers.every(({ outputs }) => outputs[0]?.data[0] === label)).toBe(true);
    expect(await executions("herd")).toBe(1);
  });

  it("come back from Redis, where the isolate is to keep none", async () => {
    await putVersion(setup.store, "shared", "1", bytesOf(4));
    const cache = { cache: { redis: true, isolate: false, ttl_ms: 600_000 } };
    await putDeployment(setup.store, "shared", 1, { production: { "1": 100 } }, cache);
    const computed = await ask("shared");
    await expect
      .poll(async () => (await ask("shared")).status, { interval: 50 })
      .toMatch(/^redis; hit; ttl=\d+$/);
    expect((await ask("shared")).outputs).toEqual(computed.outputs);
  });

  it("cost Redis' deadline at most while it is frozen, and nothing soon after", async () => {
    await putVersion(setup.store, "frozen", "1", bytesOf(5));
    const cache = { cache: { redis: true } };
    await putDeployment(setup.store, "frozen", 1, { production: { "1": 100 } }, cache);
    await ask("frozen");
    await expect
      .poll(async () => (await ask("frozen", other(Math.random() * 1_000))).status, {
        timeout: 10_000,
        interval: 50,
      })
      .toContain("redis; fwd=miss");
    redis.freeze();
    redis.clear();
    for (let index = 1; index <= 30; index += 1) {
      const { outputs } = await ask("frozen", other(index));
      expect(outputs[0]?.data).toHaveLength(1);
    }
    // Three failures open the breaker; a machine that is slow lets one through now and then.
    expect(redis.calls.filter((command) => command === "GET").length).toBeLessThanOrEqual(10);
    expect((await ask("frozen", other(99))).status).toBe("model; hit, isolate; fwd=miss; stored");
  });
});
