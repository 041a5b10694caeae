import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Stack } from "../../infra/local/stack.ts";
import { readFixture } from "../support/fixtures.ts";
import { inferJson } from "../support/infer.ts";
import { publish, putDeployment, putVersion } from "../support/publish.ts";
import { type RedisDoor, startRedisDoor } from "../support/redis-door.ts";
import { startTestStack, TEST_TOKEN } from "../support/stack.ts";
import { type StackBehindProxy, startStackBehindProxy } from "../support/stack-behind-proxy.ts";

const iris = readFixture("iris-logreg", "1");
const row = iris.rows.slice(0, 1);
const REVALIDATE_MS = 300;
const SETTINGS = { REVALIDATE_MS: `${REVALIDATE_MS}`, USE_CACHE: "false" };

/** Other bytes of the same model: ONNX readers pass over a field that they do not know. */
const otherBytes = (mark: number) => Uint8Array.from([...iris.bytes, 0x9a, 0x3e, 0x01, mark]);

describe("two isolates on one bucket and one Redis", () => {
  let redis: RedisDoor;
  let first: StackBehindProxy;
  let second: Stack;

  beforeAll(async () => {
    redis = await startRedisDoor();
    first = await startStackBehindProxy({ ...SETTINGS, ...redis.vars });
    const { config } = first.proxy;
    second = await startTestStack({
      S3_ENDPOINT: config.endpoint,
      S3_BUCKET: config.bucket,
      S3_REGION: config.region,
      S3_ACCESS_KEY_ID: config.accessKeyId,
      S3_SECRET_ACCESS_KEY: config.secretAccessKey,
      ...SETTINGS,
      ...redis.vars,
    });
  });
  afterAll(async () => {
    await second.stop();
    await first.stop();
    await redis.stop();
  });
  beforeEach(() => {
    redis.thaw();
    first.proxy.state = "up";
  });

  const ask = async (stack: Stack, model: string) => {
    const answer = await inferJson(stack.url, `/v2/models/${model}/infer`, row);
    return { ...answer, version: answer.headers.get("x-freshet-version") };
  };

  const versionOf = async (stack: Stack, model: string) => {
    const { status, version, outputs } = await ask(stack, model);
    expect([status, outputs[0]?.data]).toEqual([200, [iris.expected.label?.[0]]]);
    return version;
  };

  const send = (path: string, init: RequestInit = {}) =>
    fetch(`${first.stack.url}${path}`, {
      ...init,
      headers: { authorization: `Bearer ${TEST_TOKEN}`, ...init.headers },
    });

  it("serve a version that was published through the one, in the other, without a failed request", async () => {
    await publish(first.store, "shared", iris.bytes);
    expect(await versionOf(first.stack, "shared")).toBe("1");
    expect(await versionOf(second, "shared")).toBe("1");
    const published = await send("/v1/models/shared/versions?alias=production", {
      method: "POST",
      headers: { "content-type": "application/octet-stream" },
      body: otherBytes(1),
    });
    expect(published.status).toBe(201);
    await expect.poll(() => versionOf(second, "shared"), { interval: 20 }).toBe("2");
    await expect.poll(() => versionOf(first.stack, "shared")).toBe("2");
  });

  it("ask neither the bucket nor, on a request's way, Redis while nothing changes", async () => {
    for (const model of ["still-a", "still-b", "still-c"]) {
      await publish(first.store, model, iris.bytes);
      await versionOf(first.stack, model);
    }
    await new Promise((done) => setTimeout(done, 3 * REVALIDATE_MS));
    await versionOf(first.stack, "still-a");
    await new Promise((done) => setTimeout(done, 2 * REVALIDATE_MS));
    first.proxy.clear();
    redis.clear();
    const startedMs = performance.now();
    for (let round = 0; round < 50; round += 1) {
      for (const model of ["still-a", "still-b", "still-c"]) await versionOf(first.stack, model);
    }
    const intervals = (performance.now() - startedMs) / REVALIDATE_MS;
    expect(first.proxy.calls).toEqual([]);
    expect(redis.calls.filter((command) => command !== "MGET")).toEqual([]);
    expect(redis.calls.length).toBeLessThanOrEqual(Math.ceil(intervals) + 1);
  });

  it("find what was moved by hand once the minute's cron has asked the bucket", async () => {
    await publish(first.store, "by-hand", iris.bytes);
    expect(await versionOf(first.stack, "by-hand")).toBe("1");
    expect(await versionOf(second, "by-hand")).toBe("1");
    await putVersion(first.store, "by-hand", "2", otherBytes(2));
    await putDeployment(first.store, "by-hand", 2, { production: { "2": 100 } });
    await first.stack.fireCron();
    expect(await versionOf(first.stack, "by-hand")).toBe("2");
    await expect.poll(() => versionOf(second, "by-hand"), { interval: 50 }).toBe("2");
  });

  it("go on while Redis is frozen, and find new versions in the bucket", async () => {
    await publish(first.store, "frozen", iris.bytes);
    expect(await versionOf(first.stack, "frozen")).toBe("1");
    redis.freeze();
    const waits: number[] = [];
    for (let round = 0; round < 20; round += 1) {
      const startMs = performance.now();
      expect(await versionOf(first.stack, "frozen")).toBe("1");
      waits.push(performance.now() - startMs);
      await new Promise((done) => setTimeout(done, 50));
    }
    // Nobody waits for Redis: a check waits two seconds for it.
    expect(Math.max(...waits)).toBeLessThan(1_500);
    await putVersion(first.store, "frozen", "2", otherBytes(3));
    await putDeployment(first.store, "frozen", 2, { production: { "2": 100 } });
    await expect.poll(() => versionOf(first.stack, "frozen"), { interval: 100 }).toBe("2");
  });

  it("go on with what is loaded when bucket and Redis are gone, and refuse the rest at once", async () => {
    await publish(first.store, "both", iris.bytes);
    expect(await versionOf(first.stack, "both")).toBe("1");
    first.proxy.state = "down";
    redis.freeze();
    await new Promise((done) => setTimeout(done, 2 * REVALIDATE_MS));
    for (let round = 0; round < 10; round += 1)
      expect(await versionOf(first.stack, "both")).toBe("1");
    const refused = await ask(first.stack, "never-seen");
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "1"]);
  });

  it("obey an order to clear that was given to the other", async () => {
    await publish(first.store, "cleared", iris.bytes);
    expect(await versionOf(second, "cleared")).toBe("1");
    await new Promise((done) => setTimeout(done, REVALIDATE_MS));
    expect(await versionOf(second, "cleared")).toBe("1");
    await new Promise((done) => setTimeout(done, REVALIDATE_MS));
    const cleared = await send("/v1/cache/clear", {
      method: "POST",
      body: JSON.stringify({ model: "cleared" }),
    });
    expect(await cleared.json()).toMatchObject({ reach: "fleet" });
    await expect
      .poll(
        async () => {
          const { headers } = await ask(second, "cleared");
          return headers.get("cache-status");
        },
        { interval: 50 },
      )
      .toBe("model; fwd=miss; stored");
  });
});
