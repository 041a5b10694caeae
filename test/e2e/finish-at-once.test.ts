import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stack } from "../../infra/local/stack.ts";
import { callApi } from "../support/call-api.ts";
import { startTestStack } from "../support/stack.ts";

const MODEL = "/v1/models/iris-logreg";

describe("an entity that is finished right after a prediction on it", () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startTestStack();
  });
  afterAll(() => stack?.stop());

  it("counts what it settles, and nothing as unchanged", { timeout: 60_000 }, async () => {
    const { body } = await callApi(stack.url, "GET", `${MODEL}/versions/1`);
    const names: readonly { readonly name: string }[] = body.features;
    const features = Object.fromEntries(names.map(({ name }, place) => [name, place]));
    const told: unknown[] = [];
    for (let run = 0; run < 20; run += 1) {
      const path = `/v1/entities/flower/f-${run}`;
      await callApi(stack.url, "PUT", path, { features });
      const entities = [`flower:f-${run}`, `flower:f-${run}`];
      await callApi(stack.url, "POST", `${MODEL}/predict`, { entities });
      const finished = { state: "finished", outcome: "setosa" };
      told.push((await callApi(stack.url, "PUT", path, finished)).body.predictions);
    }
    const all = { settled: 2, unchanged: 0, conflicting: 0, invalid: 0, pending: 0 };
    expect(told).toEqual(told.map(() => all));
  });
});
