import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stack } from "../../infra/local/stack.ts";
import { callApi } from "../support/call-api.ts";
import { type Fixture, readFixture } from "../support/fixtures.ts";
import type { ClientOutput } from "../support/infer.ts";
import { endOf, premiumModel, storyOf } from "../support/premium-stack.ts";
import { startTestStack } from "../support/stack.ts";

/** More than may run at a time: the cron has its share. */
const ROWS = 12;
const TOLERANCE = 1e-4;

let other: Stack;
let stack: Stack;

beforeAll(async () => {
  other = await startTestStack();
  stack = await startTestStack({
    FRESHET_REMOTE_HOSTS: new URL(other.url).host,
    REDIS_DEADLINE_MS: "1000",
  });
});

afterAll(async () => {
  await stack?.stop();
  await other?.stop();
});

/** The outputs are what the library that trained the model answers to these of its hold-out rows. */
function expectFixture(
  { expected }: Fixture,
  [from, to]: readonly [from: number, to: number],
  outputs: readonly ClientOutput[],
): void {
  expect(outputs.map(({ name }) => name).sort()).toEqual(Object.keys(expected).sort());
  for (const { name, data } of outputs) {
    const right = (expected[name] ?? []).slice(from, to).flat(3).map(Number);
    expect(data).toHaveLength(right.length);
    const isNear = (value: number, index: number) =>
      Math.abs(value - (right[index] ?? Number.NaN)) <= TOLERANCE * Math.max(1, Math.abs(value));
    expect(data.flat().map(Number).every(isNear), name).toBe(true);
  }
}

describe.each(["digits-mlp", "diabetes-gbr"])("%s 1, with 2 as premium", (name) => {
  const [fast, better] = [readFixture(name, "1"), readFixture(name, "2")];
  const cases = [
    { kind: "model", from: 0, digest: createHash("sha256").update(better.bytes).digest("hex") },
    { kind: "oip", from: ROWS + 1, digest: null },
  ];

  it.each(cases)(
    "as a strategy of kind $kind answers fast at once, and better from then on",
    async ({ kind, from, digest }) => {
      const { setPremium, ask } = premiumModel(stack, name);
      const reference = `${name}@2`;
      await setPremium(
        kind === "model" ? { kind, reference } : { kind, reference, url: other.url },
      );
      const single = Array.from(
        { length: ROWS },
        (_, row) => [from + row, from + row + 1] as const,
      );
      const ranges = [...single, [from, from + ROWS] as const];
      const jobs: string[] = [];
      for (const [first, end] of ranges) {
        const answer = await ask(fast.rows.slice(first, end));
        expect(answer.by).toBe(`fast ${name}@1`);
        expectFixture(fast, [first, end], answer.outputs);
        jobs.push(answer.job);
      }
      expect(new Set(jobs).size).toBe(ranges.length);
      for (const id of jobs) {
        expect(await endOf(stack, id)).toMatchObject({ state: "completed", model: name });
      }
      for (const [first, end] of ranges) {
        const rows = fast.rows.slice(first, end);
        // An isolate that had its fast answer looks for a better one after pauses that grow.
        await expect
          .poll(async () => (await ask(rows)).by, { timeout: 40_000 })
          .toBe(`premium ${name}@2`);
        const answer = await ask(rows);
        expectFixture(better, [first, end], answer.outputs);
        expect(answer.headers.get("x-freshet-route")).toBe("production:1");
        expect(answer.headers.get("x-freshet-digest")).toBe(digest);
        expect(answer.headers.get("cache-status")).toMatch(/hit; ttl=\d+/);
        expect(answer.job).toBe("");
      }
    },
  );

  it("is not what the fast version answers: the rows tell the two apart", () => {
    const [key = ""] = Object.keys(fast.expected).sort().reverse();
    expect(better.expected[key]?.slice(0, ROWS)).not.toEqual(fast.expected[key]?.slice(0, ROWS));
  });
});

it("a fixed version gives its own answer where there is a better one", async () => {
  const fast = readFixture("digits-mlp", "1");
  const { setPremium, ask } = premiumModel(stack, "digits-mlp");
  await setPremium({ kind: "model", reference: "digits-mlp@2" });
  const rows = fast.rows.slice(100, 101);
  const { job } = await ask(rows);
  expect(storyOf(await endOf(stack, job))).toEqual(["enqueued", "started", "completed"]);
  await expect.poll(async () => (await ask(rows)).by, { timeout: 40_000 }).toMatch(/^premium/);
  const path = "/v2/models/digits-mlp/versions/1/infer";
  const { headers, body } = await callApi(stack.url, "POST", path, {
    inputs: [{ name: "features", datatype: "FP32", shape: [1, 64], data: rows[0] }],
  });
  expect(headers.get("x-freshet-strategy")).toBe("fast");
  expectFixture(fast, [100, 101], body.outputs);
});
