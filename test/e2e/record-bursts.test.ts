import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stack } from "../../infra/local/stack.ts";
import { callApi } from "../support/call-api.ts";
import { type RedisDoor, startRedisDoor } from "../support/redis-door.ts";
import { describeNeeding } from "../support/skip-loudly.ts";
import { startTestStack } from "../support/stack.ts";

const MODEL = "iris-logreg";
const ROWS = 1_000;

interface Recorded {
  readonly written: number;
  readonly pending: number;
  readonly lost: number;
}

const recordedOf = async ({ url }: Stack): Promise<Recorded> =>
  (await callApi(url, "GET", "/v1/cache/status")).body.records;

/** A request of a thousand rows, no two alike; answers how many of them have no record. */
async function askThousand({ url }: Stack): Promise<number> {
  const rows = Array.from({ length: ROWS }, () => [5.8, 2.7, 4.1, Math.random()]);
  const { status, body } = await callApi(url, "POST", `/v1/models/${MODEL}/predict`, { rows });
  expect([status, body.results?.length]).toEqual([200, ROWS]);
  return body.meta.unrecorded ?? 0;
}

describeNeeding(["redis-server"], "requests of a thousand rows as fast as they can be sent", () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startTestStack();
  });
  afterAll(() => stack?.stop());

  it.each([
    { clients: 1, requests: 20 },
    { clients: 8, requests: 24 },
  ])("lose no record, of $clients at once", { timeout: 120_000 }, async ({ clients, requests }) => {
    const before = await recordedOf(stack);
    let left = requests;
    const unrecorded: number[] = [];
    const client = async () => {
      for (; left > 0; ) {
        left -= 1;
        unrecorded.push(await askThousand(stack));
      }
    };
    await Promise.all(Array.from({ length: clients }, client));
    expect(unrecorded).toEqual(Array.from({ length: requests }, () => 0));
    await expect.poll(async () => (await recordedOf(stack)).pending).toBe(0);
    const { written, lost } = await recordedOf(stack);
    expect([written - before.written, lost]).toEqual([requests * ROWS, 0]);
    const { body } = await callApi(stack.url, "GET", `/v1/models/${MODEL}/statistics`);
    expect(body.groups).toMatchObject([{ key: "1", predictions: written }]);
  });
});

describe("requests of a thousand rows while Redis is silent", () => {
  let door: RedisDoor;
  let stack: Stack;
  beforeAll(async () => {
    door = await startRedisDoor();
    stack = await startTestStack(door.vars);
  });
  afterAll(async () => {
    door?.thaw();
    await stack?.stop();
    await door?.stop();
  });

  it("are answered, and told which rows have no record", { timeout: 120_000 }, async () => {
    expect(await askThousand(stack)).toBe(0);
    await expect.poll(async () => (await recordedOf(stack)).pending).toBe(0);
    const { written } = await recordedOf(stack);
    door.freeze();
    const unrecorded: number[] = [];
    for (let request = 0; request < 7; request += 1) unrecorded.push(await askThousand(stack));
    expect(unrecorded).toEqual([0, 0, 0, 0, 0, ROWS, ROWS]);
    expect(await recordedOf(stack)).toMatchObject({ written, pending: 5_000, lost: 2 * ROWS });
    door.thaw();
    // What waits goes with a later prediction, once Redis is asked again.
    await expect
      .poll(
        async () => {
          await askThousand(stack);
          return (await recordedOf(stack)).written;
        },
        { timeout: 90_000, interval: 1_000 },
      )
      .toBeGreaterThanOrEqual(written + 5_000);
  });
});
