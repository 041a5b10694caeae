import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callApi } from "../support/call-api.ts";
import { readFixture } from "../support/fixtures.ts";
import { askIris, irisBytes } from "../support/iris.ts";
import { publish, putDeployment, putVersion } from "../support/publish.ts";
import { resetMidway } from "../support/reset-midway.ts";
import { type StackBehindProxy, startStackBehindProxy } from "../support/stack-behind-proxy.ts";

const iris = readFixture("iris-logreg", "1");
const CLIENTS = 64;
const ROUNDS = 12;

let setup: StackBehindProxy;

beforeAll(async () => {
  setup = await startStackBehindProxy({ USE_CACHE: "false" });
  await putVersion(setup.store, "joined", "1", irisBytes(1));
  const batching = { max_batch_size: 16, min_concurrency: 4 };
  await putDeployment(setup.store, "joined", 1, { production: { "1": 100 } }, { batching });
  await publish(setup.store, "alone", irisBytes(2));
  for (const model of ["joined", "alone"]) await expectRight(model, 1);
});
afterAll(() => setup.stop());

/** So many at once, of different flowers; each has its own answer. */
async function expectRight(model: string, clients: number): Promise<void> {
  const asked = Array.from({ length: clients }, (_, at) => askIris(setup.stack.url, model, at));
  const wrong = (await Promise.all(asked)).filter(({ isRight }) => !isRight);
  expect(wrong.map(({ status, error }) => [status, error])).toEqual([]);
}

async function statsOf(model: string) {
  const { body } = await callApi(setup.stack.url, "GET", `/v2/models/${model}/stats`);
  const { inference_count, execution_count, inference_stats } = body.model_stats[0];
  const { success, fail } = inference_stats;
  return { inferences: inference_count, executions: execution_count, success, fail };
}

describe("requests in workerd whose deployment has batching", () => {
  it("share runs under load, each with its own answer", async () => {
    for (let round = 0; round < ROUNDS; round += 1) await expectRight("joined", CLIENTS);
    const { inferences, executions, success, fail } = await statsOf("joined");
    expect([inferences, success.count, fail.count]).toEqual([
      1 + ROUNDS * CLIENTS,
      1 + ROUNDS * CLIENTS,
      0,
    ]);
    expect(executions).toBeLessThan(inferences / 2);
  });

  it("leave those alone whose deployment has none", async () => {
    await expectRight("alone", CLIENTS);
    const { inferences, executions } = await statsOf("alone");
    expect([inferences, executions]).toEqual([1 + CLIENTS, 1 + CLIENTS]);
  });

  it("are answered while other clients reset their connections, and alone again after", async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const resets = Array.from({ length: CLIENTS }, (_, at) =>
        resetMidway(
          setup.stack.url,
          "/v2/models/joined/infer",
          iris.rows.slice(at, at + 1),
          at % 4,
        ),
      );
      await expectRight("joined", CLIENTS / 2);
      await Promise.all(resets);
    }
    for (let at = 0; at < 5; at += 1) await expectRight("joined", 1);
    expect((await statsOf("joined")).fail.count).toBe(0);
  });

  it("are told how by the status of the caches", async () => {
    const { body } = await callApi(setup.stack.url, "GET", "/v1/cache/status");
    const settings = body.models.map((model: { name: string; settings: object }) => [
      model.name,
      model.settings,
    ]);
    expect(Object.fromEntries(settings)).toMatchObject({
      joined: { batching: { max_batch_size: 16, min_concurrency: 4 } },
      alone: expect.not.objectContaining({ batching: expect.anything() }),
    });
  });
});
