import { describe, expect, it } from "vitest";
import { ok } from "../../../src/core/model/result.ts";
import { StatisticsBook } from "../../../src/core/predict/statistics.ts";
import { ask, fakeModel, zeros } from "../../support/ask.ts";
import { publish } from "../../support/publish.ts";
import { createTestCore } from "../../support/test-core.ts";

describe("statistics", () => {
  it("counts executions per request and inferences per row, in nanoseconds", () => {
    const book = new StatisticsBook();
    const page = book.page("iris", "1");
    book.succeeded(page, { rows: 3, totalMs: 5, runMs: 2, nowMs: 100 });
    book.succeeded(page, { rows: 1, totalMs: 1, runMs: 1, nowMs: 200 });
    book.failed(page, 4);
    expect(book.all()).toEqual([
      {
        model: "iris",
        version: "1",
        lastInferenceMs: 200,
        inferenceCount: 4,
        executionCount: 2,
        success: { count: 2, ns: 6_000_000 },
        computeInfer: { count: 2, ns: 3_000_000 },
        fail: { count: 1, ns: 4_000_000 },
        cacheHit: { count: 0, ns: 0 },
        cacheMiss: { count: 0, ns: 0 },
      },
    ]);
  });

  it("keeps one page for each version", () => {
    const book = new StatisticsBook();
    expect(book.page("iris", "1")).toBe(book.page("iris", "1"));
    book.page("iris", "2");
    book.page("wine", "1");
    expect(book.all().map(({ model, version }) => `${model}@${version}`)).toEqual([
      "iris@1",
      "iris@2",
      "wine@1",
    ]);
  });

  it("counts one inference for a model that takes no tensor", async () => {
    const core = createTestCore();
    await publish(core.bucket, "iris", fakeModel(7));
    const answer = await ask(core, "iris");
    if (!answer.ok) throw new Error(answer.failure.detail);
    const loaded = core.deps.models.peek("iris", "1");
    if (loaded === undefined) throw new Error("it has answered");
    const session = { ...loaded.session, inputs: [], run: async () => ok([]) };
    core.deps.models.add({ ...loaded, version: "2", session });
    await ask(core, "iris@2", { inputs: [] });
    expect(core.deps.statistics.page("iris", "2").inferenceCount).toBe(1);
  });

  it("takes the rows from the first dimension of a request's first tensor", async () => {
    const core = createTestCore();
    await publish(core.bucket, "iris", fakeModel(7));
    await ask(core, "iris", { inputs: [zeros(5)] });
    await ask(core, "iris", { inputs: [zeros(0)] });
    expect(core.deps.statistics.page("iris", "1")).toMatchObject({
      inferenceCount: 5,
      executionCount: 2,
      lastInferenceMs: core.clock.now(),
    });
  });
});
