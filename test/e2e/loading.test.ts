import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readFixture } from "../support/fixtures.ts";
import { inferJson } from "../support/infer.ts";
import { publish, putDeployment, putVersion } from "../support/publish.ts";
import { resetMidway } from "../support/reset-midway.ts";
import { type StackBehindProxy, startStackBehindProxy } from "../support/stack-behind-proxy.ts";

const iris = readFixture("iris-logreg", "1");
const row = iris.rows.slice(0, 1);
const label = iris.expected.label?.[0];
/** Longer than any answer takes on a busy machine, shorter than the Worker waits for the store. */
const SLOW_MS = 3_000;

describe("loading a model", () => {
  let setup: StackBehindProxy;

  beforeAll(async () => {
    // Pointers are moved in the bucket by hand here: without Redis a request's check looks there.
    setup = await startStackBehindProxy({ REVALIDATE_MS: "100", UPSTASH_REDIS_REST_URL: "" });
  });

  afterAll(() => setup.stop());

  beforeEach(() => {
    setup.proxy.clear();
    setup.proxy.delayMs = 0;
    setup.proxy.state = "up";
  });

  const bytesRead = (model: string) =>
    setup.proxy.calls.filter((call) => call === `GET models/${model}/versions/1/model.onnx`).length;

  it("reads its bytes once for 200 concurrent first requests, and answers each rightly", async () => {
    await publish(setup.store, "many", iris.bytes);
    setup.proxy.delayMs = 100;
    const path = "/v2/models/many/infer";
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) => {
        const at = index % iris.rows.length;
        return inferJson(setup.stack.url, path, iris.rows.slice(at, at + 1));
      }),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(200).fill(200));
    answers.forEach(({ outputs }, index) => {
      expect(outputs[0]?.data).toEqual([iris.expected.label?.[index % iris.rows.length]]);
    });
    expect(bytesRead("many")).toBe(1);
    const states = answers.map(({ headers }) => headers.get("cache-status"));
    expect(states.filter((state) => state?.startsWith("model; fwd=miss; stored"))).toHaveLength(1);
  });

  it("goes on when the client that started it resets its connection", async () => {
    await publish(setup.store, "reset", iris.bytes);
    setup.proxy.delayMs = 400;
    const path = "/v2/models/reset/infer";
    await resetMidway(setup.stack.url, path, row, 250);
    const during = await Promise.all(
      Array.from({ length: 20 }, () => inferJson(setup.stack.url, path, row)),
    );
    expect(during.map(({ status }) => status)).toEqual(Array(20).fill(200));
    const later = await inferJson(setup.stack.url, path, row);
    expect([later.status, later.outputs[0]?.data]).toEqual([200, [label]]);
    expect(bytesRead("reset")).toBe(1);
  });

  it("survives resets under load: nobody else hangs or fails", async () => {
    await publish(setup.store, "storm", iris.bytes);
    setup.proxy.delayMs = 150;
    const path = "/v2/models/storm/infer";
    const resets = Array.from({ length: 40 }, (_, index) =>
      resetMidway(setup.stack.url, path, row, 5 + 10 * index),
    );
    const asked = Array.from({ length: 100 }, () => inferJson(setup.stack.url, path, row));
    const answers = await Promise.all(asked);
    await Promise.all(resets);
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect((await inferJson(setup.stack.url, path, row)).status).toBe(200);
  });

  it("answers 503 with Retry-After while the store is down and nothing is loaded, and serves what is", async () => {
    await publish(setup.store, "warm", iris.bytes);
    expect((await inferJson(setup.stack.url, "/v2/models/warm/infer", row)).status).toBe(200);
    setup.proxy.state = "down";
    const cold = await inferJson(setup.stack.url, "/v2/models/cold/infer", row);
    expect([cold.status, cold.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(cold.error).not.toMatch(/127\.0\.0\.1|models\//);
    for (let round = 0; round < 5; round += 1) {
      const warm = await inferJson(setup.stack.url, "/v2/models/warm/infer", row);
      expect(warm.status).toBe(200);
      await pause(50);
    }
    const health = await fetch(`${setup.stack.url}/health`);
    expect(await health.json()).toMatchObject({
      status: "degraded",
      dependencies: { s3: { status: "down" } },
    });
    setup.proxy.state = "up";
  });

  it("tells no model from a store that does not answer", async () => {
    const none = await inferJson(setup.stack.url, "/v2/models/none/infer", row);
    expect([none.status, none.error]).toEqual([404, "there is no model 'none'"]);
  });

  it("serves the old version until the new one has loaded, and never waits for the check", async () => {
    const rf = readFixture("breast-cancer-rf", "1");
    await publish(setup.store, "rf", rf.bytes);
    const path = "/v2/models/rf/infer";
    const rows = rf.rows.slice(0, 1);
    expect((await inferJson(setup.stack.url, path, rows)).headers.get("x-freshet-version")).toBe(
      "1",
    );
    await putVersion(setup.store, "rf", "2", readFixture("breast-cancer-rf", "2").bytes);
    await putDeployment(setup.store, "rf", 2, { production: { "2": 100 } });
    setup.proxy.delayMs = SLOW_MS;
    await pause(150);
    const startedMs = performance.now();
    const during = await inferJson(setup.stack.url, path, rows);
    expect(during.headers.get("x-freshet-version")).toBe("1");
    // Any wait for the store would take as long as the proxy does.
    expect(performance.now() - startedMs).toBeLessThan(SLOW_MS);
    await expect
      .poll(async () =>
        (await inferJson(setup.stack.url, path, rows)).headers.get("x-freshet-version"),
      )
      .toBe("2");
  });

  it("keeps the old version when the new one is broken, and says why", async () => {
    await publish(setup.store, "kept", iris.bytes);
    const path = "/v2/models/kept/infer";
    expect((await inferJson(setup.stack.url, path, row)).status).toBe(200);
    await putVersion(
      setup.store,
      "kept",
      "2",
      new TextEncoder().encode("<html>not a model</html>"),
    );
    await putDeployment(setup.store, "kept", 2, { production: { "2": 100 } });
    for (let round = 0; round < 8; round += 1) {
      const answer = await inferJson(setup.stack.url, path, row);
      expect([answer.status, answer.headers.get("x-freshet-version")]).toEqual([200, "1"]);
      await pause(60);
    }
    const index = await (
      await fetch(`${setup.stack.url}/v2/repository/index`, { method: "POST" })
    ).json();
    expect(index).toContainEqual(
      expect.objectContaining({
        name: "kept",
        version: "2",
        state: "UNAVAILABLE",
        reason: expect.stringMatching(/invalid_model/),
      }),
    );
  });

  it("gives the engine no byte whose digest is not the manifest's", async () => {
    await putVersion(setup.store, "forged", "1", iris.bytes, { digest: "0".repeat(64) });
    await putDeployment(setup.store, "forged", 1, { production: { "1": 100 } });
    const answer = await inferJson(setup.stack.url, "/v2/models/forged/infer", row);
    expect([answer.status, answer.error]).toEqual([
      503,
      expect.stringContaining("digest_mismatch"),
    ]);
  });
});

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));
