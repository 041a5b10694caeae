import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { manifestKey, modelBytesKey } from "../../src/core/model/keys.ts";
import { callApi } from "../support/call-api.ts";
import { type FaultyStack, startFaultyStack } from "../support/faulty-stack.ts";
import { askIris, irisBytes } from "../support/iris.ts";
import { latency } from "../support/proxy-faults.ts";
import { publish, putDeployment, putVersion } from "../support/publish.ts";

const HERD = 500;
const REVALIDATE_MS = 200;
const FRESH_MS = 300;
/** So long does the store take, that the whole herd comes while it is being asked. */
const STORE_MS = 400;

let setup: FaultyStack;

beforeAll(async () => {
  // Pointers are moved in the bucket by hand here: without Redis a request's check looks there.
  setup = await startFaultyStack({
    REVALIDATE_MS: `${REVALIDATE_MS}`,
    UPSTASH_REDIS_REST_URL: "",
  });
});
afterAll(() => setup.stop());
beforeEach(() => setup.s3.heal());

/** All at once, of `flowers` different kinds; each answer is right. The versions that gave them. */
async function herd(model: string, flowers = 1): Promise<ReadonlySet<string | null>> {
  const asked = Array.from({ length: HERD }, (_, index) =>
    askIris(setup.stack.url, model, index % flowers),
  );
  const answers = await Promise.all(asked);
  expect(
    answers.filter(({ isRight }) => !isRight).map(({ status, error }) => [status, error]),
  ).toEqual([]);
  return new Set(answers.map(({ version }) => version));
}

/** How often the store was asked for each part of a version. Each load asks for the manifest, wherever its bytes are. */
const reads = (model: string, version: string) => {
  const count = (key: string) => setup.s3.calls.filter((call) => call === `GET ${key}`).length;
  return { bytes: count(modelBytesKey(model, version)), loads: count(manifestKey(model, version)) };
};
const ONCE = { bytes: 1, loads: 1 };

const slowStore = () => setup.s3.inject(/^GET /, latency(STORE_MS));

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** Runs of a model's only version, by Triton's statistics. */
async function runs(model: string): Promise<number> {
  const { body } = await callApi(setup.stack.url, "GET", `/v2/models/${model}/stats`);
  return body.model_stats[0].execution_count;
}

describe("500 concurrent requests", () => {
  it("for a model that is not loaded make one read of its bytes and one load", async () => {
    await publish(setup.store, "cold", irisBytes(1));
    slowStore();
    expect(await herd("cold", 50)).toEqual(new Set(["1"]));
    expect(reads("cold", "1")).toEqual(ONCE);
    const { body } = await callApi(setup.stack.url, "GET", "/v1/cache/status");
    expect(body.isolate.models).toMatchObject({ entries: 1, evictions: 0, errors: 0 });
  });

  it("for a model whose pointer was just moved make one read of the new bytes, one load, and none fails", async () => {
    await publish(setup.store, "moved", irisBytes(2));
    expect(await herd("moved", 50)).toEqual(new Set(["1"]));
    await putVersion(setup.store, "moved", "2", irisBytes(3));
    await putDeployment(setup.store, "moved", 2, { production: { "2": 100 } });
    await pause(REVALIDATE_MS);
    slowStore();
    // Whoever comes before the new one has loaded has the old one's answer, and does not wait.
    expect([...(await herd("moved", 50))]).toContain("1");
    await expect
      .poll(async () => [...(await herd("moved", 50))], { timeout: 60_000, interval: 100 })
      .toEqual(["2"]);
    expect([reads("moved", "1"), reads("moved", "2")]).toEqual([ONCE, ONCE]);
  });

  it.each([
    ["that may be answered stale make one run, behind their answers", 600_000],
    ["that is over for good make one run, for which all of them wait", 0],
  ])("for a prediction %s", async (_, stale_ms) => {
    const model = `expired-${stale_ms}`;
    const point = (rev: number, ttl_ms: number) =>
      putDeployment(
        setup.store,
        model,
        rev,
        { production: { "1": 100 } },
        {
          cache: { ttl_ms, stale_ms },
        },
      );
    await putVersion(setup.store, model, "1", irisBytes(stale_ms === 0 ? 4 : 5));
    await point(1, FRESH_MS);
    await herd(model);
    // What is made anew is to outlast the herd, on a slow machine as well.
    await point(2, 600_000);
    await callApi(setup.stack.url, "POST", `/v1/cache/refresh/${model}`);
    await pause(2 * FRESH_MS);
    const before = await runs(model);
    await herd(model);
    await expect.poll(() => runs(model)).toBe(before + 1);
    await herd(model);
    expect(await runs(model)).toBe(before + 1);
  });
});
