import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { modelBytesKey } from "../../src/core/model/keys.ts";
import { readFixture } from "../support/fixtures.ts";
import { inferJson } from "../support/infer.ts";
import { publish } from "../support/publish.ts";
import { TEST_TOKEN } from "../support/stack.ts";
import { type StackBehindProxy, startStackBehindProxy } from "../support/stack-behind-proxy.ts";

const DEADLINE = { deadlineMs: 10_000 };
/** Longer than a cache that was late once is left alone. */
const PATIENCE = { timeout: 45_000 };
const iris = readFixture("iris-logreg", "1");
const row = iris.rows.slice(0, 1);
const label = iris.expected.label?.[0];

let setup: StackBehindProxy;

const bytesCalls = (method: string, model: string) =>
  setup.proxy.calls.filter((call) => call === `${method} ${modelBytesKey(model, "1")}`).length;

const ask = (model: string) => inferJson(setup.stack.url, `/v2/models/${model}/infer`, row);

async function unload(model: string): Promise<void> {
  const answer = await fetch(`${setup.stack.url}/v2/repository/models/${model}/unload`, {
    method: "POST",
    headers: { authorization: `Bearer ${TEST_TOKEN}` },
  });
  if (answer.status !== 200) throw new Error(await answer.text());
}

/** What the isolate says of a model. */
async function statusOf(model: string): Promise<unknown> {
  const answer = await fetch(`${setup.stack.url}/v1/cache/status`);
  const { models } = (await answer.json()) as { models: readonly { name: string }[] };
  return models.find(({ name }) => name === model);
}

/** What a load from scratch reads of the bucket's bytes. */
async function readsOfLoad(model: string): Promise<number> {
  await unload(model);
  const before = bytesCalls("GET", model);
  const answer = await ask(model);
  expect([answer.status, answer.outputs[0]?.data]).toEqual([200, [label]]);
  return bytesCalls("GET", model) - before;
}

/** Loads until the data centre's cache has the bytes: they are put there in the background. */
async function cached(model: string): Promise<void> {
  await publish(setup.store, model, iris.bytes);
  await expect.poll(() => readsOfLoad(model), PATIENCE).toBe(0);
}

beforeAll(async () => {
  // Without Redis, so that no lease keeps ticks of the cron apart.
  setup = await startStackBehindProxy({ USE_CACHE: "false", UPSTASH_REDIS_REST_URL: "" });
});

afterAll(() => setup.stop());

beforeEach(() => setup.proxy.clear());

describe("the bytes of a model", () => {
  it("are read once for 200 first requests at once, and not at all for 200 after the model was let go", async () => {
    await publish(setup.store, "herd", iris.bytes);
    setup.proxy.delayMs = 100;
    const herd = async () => {
      const answers = await Promise.all(Array.from({ length: 200 }, () => ask("herd")));
      expect(answers.map(({ status }) => status)).toEqual(Array(200).fill(200));
      expect(answers.every(({ outputs }) => outputs[0]?.data?.[0] === label)).toBe(true);
    };
    await herd();
    setup.proxy.delayMs = 0;
    expect(bytesCalls("GET", "herd")).toBe(1);
    await expect.poll(() => readsOfLoad("herd"), PATIENCE).toBe(0);
    await unload("herd");
    const before = bytesCalls("GET", "herd");
    await herd();
    expect(bytesCalls("GET", "herd")).toBe(before);
    const { bytes } = (await (await fetch(`${setup.stack.url}/v1/cache/status`)).json()) as {
      bytes: { hits: number; dropped: number };
    };
    // One for the load that showed that they are there, one for the herd.
    expect([bytes.hits, bytes.dropped]).toEqual([2, 0]);
  });

  it("may be overwritten by hand: what is loaded answers on, and what loads takes the right bytes", async () => {
    await cached("overwritten");
    const forged = new Uint8Array(iris.bytes.byteLength).fill(1);
    await setup.store.put(modelBytesKey("overwritten", "1"), forged, DEADLINE);
    setup.proxy.clear();
    for (let tick = 0; tick < 3; tick += 1) {
      await setup.stack.fireCron();
      const answer = await ask("overwritten");
      expect([answer.status, answer.outputs[0]?.data]).toEqual([200, [label]]);
    }
    // Looked at each time, read only when its etag was new.
    expect(bytesCalls("HEAD", "overwritten")).toBe(3);
    expect(bytesCalls("GET", "overwritten")).toBe(1);
    expect(await statusOf("overwritten")).toMatchObject({
      version: "1",
      degraded: {
        reason: "version_overwritten",
        detail: expect.stringContaining("the object was overwritten or damaged"),
      },
    });
    expect(await readsOfLoad("overwritten")).toBe(0);
  });

  it("may be uploaded again: looked at once, and believed from then on", async () => {
    await cached("again");
    const key = modelBytesKey("again", "1");
    await setup.store.put(key, new Uint8Array(iris.bytes.byteLength), DEADLINE);
    await setup.stack.fireCron();
    await setup.store.put(key, iris.bytes, DEADLINE);
    setup.proxy.clear();
    await setup.stack.fireCron();
    await setup.stack.fireCron();
    expect([bytesCalls("HEAD", "again"), bytesCalls("GET", "again")]).toEqual([2, 0]);
    expect(await statusOf("again")).not.toHaveProperty("degraded");
  });
});

describe("the bytes of a model that were overwritten before anybody loaded it", () => {
  it("are refused with the reason", async () => {
    await publish(setup.store, "forged", iris.bytes);
    await setup.store.put(modelBytesKey("forged", "1"), new Uint8Array(10), DEADLINE);
    const answer = await ask("forged");
    expect([answer.status, answer.error]).toEqual([
      503,
      expect.stringMatching(/digest_mismatch.*the object was overwritten or damaged/),
    ]);
  });
});
