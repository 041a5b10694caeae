import { setTimeout as pause } from "node:timers/promises";
import { beforeEach, describe, expect, it } from "vitest";
import { createHttpApp, type HttpApp } from "../support/http-app.ts";
import { putDeployment, putVersion } from "../support/publish.ts";
import { createRowEngine, type RowEngine } from "../support/row-engine.ts";

let app: HttpApp;
let engine: RowEngine;

beforeEach(async () => {
  engine = createRowEngine();
  app = createHttpApp({ engine });
  await putVersion(app.bucket, "sums", "1", Uint8Array.of(1));
  const batching = { min_concurrency: 3 };
  await putDeployment(app.bucket, "sums", 1, { production: { "1": 100 } }, { batching });
  expect(await sum(1, 2)).toBe(3);
});

/** `undefined`: refused. */
async function sum(...data: readonly (number | string)[]): Promise<unknown> {
  const inputs = [{ name: "x", datatype: "FP32", shape: [1, data.length], data }];
  const answer = await app.post("/v2/models/sums/infer", { inputs, outputs: [{ name: "sum" }] });
  const { outputs } = (await answer.json()) as { outputs?: { data: readonly unknown[] }[] };
  return outputs?.[0]?.data[0];
}

/** Until so many of them wait for their timers. */
async function untilWaiting(requests: number): Promise<void> {
  await expect.poll(() => app.clock.pending).toBe(requests);
}

describe("inference requests of a deployment with batching", () => {
  it("are joined while as many are being answered as it says", async () => {
    const asked = [sum(1, 1), sum(2, 2), sum(3, 3)];
    await untilWaiting(3);
    await app.clock.advance(0);
    expect(await Promise.all(asked)).toEqual([2, 4, 6]);
    expect(engine.runs).toEqual([1, 3]);
    const stats = await (await app.request("/v2/models/sums/stats")).json();
    expect(stats).toMatchObject({
      model_stats: [{ inference_count: 4, execution_count: 2 }],
    });
  });

  it("are not in flight any more once they are answered or refused", async () => {
    const refused = await Promise.all([sum("a"), sum("b"), sum("c"), sum("d")]);
    expect(refused).toEqual(new Array(4).fill(undefined));
    const [one, other] = [sum(1, 1), sum(2, 2)];
    expect(await Promise.race([Promise.all([one, other]), pause(5_000)])).toEqual([2, 4]);
    expect(engine.runs).toEqual([1, 1, 1]);
  });
});
