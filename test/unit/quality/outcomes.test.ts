import { describe, expect, it } from "vitest";
import { createMemoryEntityStore } from "../../../src/adapters/memory/entity-store.ts";
import { createMemoryPredictionStore } from "../../../src/adapters/memory/prediction-store.ts";
import type { OutcomeValue, PredictionRecord } from "../../../src/core/model/prediction-record.ts";
import { ok, type Result } from "../../../src/core/model/result.ts";
import { addCounters } from "../../../src/core/quality/metrics/counters.ts";
import { groupAccuracy } from "../../../src/core/quality/metrics/model-metrics.ts";
import {
  predictionCounters,
  predictionStatistics,
} from "../../../src/core/quality/metrics/prediction-counters.ts";
import { scoreOutcome } from "../../../src/core/quality/metrics/score-outcome.ts";
import { setOutcome } from "../../../src/core/quality/set-outcome.ts";
import { settleEntity, settleLate } from "../../../src/core/quality/settle-entity.ts";
import { parseWindow } from "../../../src/core/quality/window.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { must } from "../../support/must.ts";
import { aDraft, aRecord } from "../../support/records.ts";

const reasonOf = (told: Result<unknown, { readonly reason: string }>) =>
  told.ok ? "ok" : told.failure.reason;

async function storeOf(...records: readonly PredictionRecord[]) {
  const clock = createManualClock();
  const predictions = createMemoryPredictionStore(clock);
  must(
    await predictions.add(
      records.map((one) => aDraft(one)),
      clock.now(),
      1,
    ),
  );
  return { clock, predictions };
}

describe("an outcome against its prediction", () => {
  const score = (output: PredictionRecord["output"], value: OutcomeValue, classes?: string[]) =>
    scoreOutcome({ output }, value, classes);
  const value = { value: 2.5 };
  const shares = { label: "1", probabilities: { "0": 0.2, "1": 0.8 } };

  it("takes a class by its name, as a number or as truth", () => {
    expect(score(shares, 1)).toMatchObject({ ok: true, value: { value: "1", correct: true } });
    expect(score(shares, "0")).toMatchObject({ ok: true, value: { value: "0", correct: false } });
    expect(score({ label: "true" }, true)).toMatchObject({ value: { correct: true } });
  });

  it("takes for a label that nobody named what is most probable", () => {
    const { probabilities } = shares;
    expect(score({ probabilities }, "1")).toMatchObject({ value: { correct: true } });
  });

  it.each<[what: string, told: ReturnType<typeof score>]>([
    ["a class that the probabilities have not", score(shares, "2")],
    ["a class that the model has not", score({ label: "a" }, "c", ["a", "b"])],
    ["a word for a number", score(value, "much")],
    ["an empty text", score(value, "")],
    ["truth for a number", score(value, true)],
    ["infinity", score(value, Number.POSITIVE_INFINITY)],
    ["hexadecimal", score(value, "0x10")],
    ["what has no square", score(value, 1e200)],
    ["text past 256 characters", score({}, "x".repeat(257))],
    ["one outcome for several rows", scoreOutcome({ output: {}, rows: 3 }, "a")],
  ])("refuses %s", (_what, told) => {
    expect(told).toMatchObject({ ok: false, failure: { reason: "outcome_invalid" } });
  });

  it("takes a number of a CSV for a number", () => {
    expect(score(value, " -1.5e2 ")).toMatchObject({ value: { value: -150 } });
  });

  it("keeps what it cannot hold against anything, and says so in the metrics", () => {
    const { counters } = must(score({}, "yes"));
    expect(groupAccuracy(counters)).toMatchObject({ n: 1, unscored: 1, metrics: {} });
  });
});

describe("statistics of predictions", () => {
  it("tell shares, labels, values and quantiles within their stated error", () => {
    const sums = new Map<string, bigint>();
    const confidences = Array.from({ length: 101 }, (_, index) => index / 100);
    for (const [index, confidence] of confidences.entries()) {
      const tier = index < 25 ? "isolate" : "none";
      addCounters(sums, predictionCounters(aRecord({ id: `${index}`, confidence, tier })));
    }
    for (const value of [1e9 + 1, 1e9 + 2, 1e9 + 3]) {
      const { confidence: _none, ...record } = aRecord({ id: "v", output: { value } });
      addCounters(sums, predictionCounters(record));
    }
    const told = predictionStatistics(sums);
    expect(told).toMatchObject({ predictions: 104, labels: { a: 101 }, values: { n: 3, sd: 1 } });
    expect(told.values?.mean).toBe(1e9 + 2);
    expect(told.cached_share).toBeCloseTo(25 / 104, 12);
    const of = { p05: 0.05, p25: 0.25, p50: 0.5, p75: 0.75, p95: 0.95 };
    for (const [name, q] of Object.entries(of)) {
      const quantile = Number(Reflect.get(told.confidence ?? {}, name));
      expect(Math.abs(quantile - q), name).toBeLessThan(0.005 + 1e-9);
    }
  });
});

describe("setOutcome", () => {
  it("refuses while the entity is open, and goes on when it is finished or unknown", async () => {
    const entity = { type: "match", id: "1" };
    const deps = await storeOf(aRecord({ id: "a", entity }));
    const told = (state: "open" | "finished" | undefined) =>
      setOutcome({ ...deps, entityState: async () => ok(state) }, { id: "a", value: "b" });
    expect(await told("open")).toMatchObject({ failure: { reason: "outcome_pending" } });
    expect(await told("finished")).toMatchObject({ ok: true });
    expect(await told(undefined)).toMatchObject({ ok: true });
  });

  it("asks for the model's classes only where no probabilities name them", async () => {
    const deps = await storeOf(aRecord({ id: "a", output: { label: "x" } }), aRecord({ id: "b" }));
    let asked = 0;
    const classesOf = async () => {
      asked += 1;
      return ["x", "y"];
    };
    expect(reasonOf(await setOutcome({ ...deps, classesOf }, { id: "a", value: "z" }))).toBe(
      "outcome_invalid",
    );
    expect(reasonOf(await setOutcome({ ...deps, classesOf }, { id: "b", value: "b" }))).toBe("ok");
    expect(asked).toBe(1);
  });
});

describe("settleEntity", () => {
  const entity = { type: "match", id: "1" };
  const records = (count: number) =>
    Array.from({ length: count }, (_, index) =>
      aRecord({ id: `id-${String(index).padStart(4, "0")}`, entity }),
    );

  it("settles all of several pages, and again without harm", async () => {
    const deps = await storeOf(...records(230), aRecord({ id: "other" }));
    const wish = { value: "b", budgetMs: 1_000 };
    expect(must(await settleEntity(deps, entity, wish))).toEqual({
      settled: 230,
      failed: 0,
      failures: [],
    });
    expect(must(await settleEntity(deps, entity, wish)).settled).toBe(230);
    const [sums] = must(await deps.predictions.counters("iris", "1970-01-01", 1));
    expect(sums?.counters.get("n")).toBe(230n);
    expect(must(await deps.predictions.get(["other"], 1))[0]?.outcome).toBeUndefined();
  });

  it("goes on where it stopped when its time was over", async () => {
    const deps = await storeOf(...records(230));
    const first = must(await settleEntity(deps, entity, { value: "b", budgetMs: 0 }));
    expect(first).toMatchObject({ settled: 50, next: expect.anything() });
    const { next: after } = first;
    const rest = must(await settleEntity(deps, entity, { value: "b", budgetMs: 1_000, after }));
    expect(rest).toMatchObject({ settled: 180, failed: 0 });
  });

  it("tells which predictions had another outcome, and replaces them when it is to", async () => {
    const deps = await storeOf(...records(3));
    await setOutcome(deps, { id: "id-0001", value: "a" });
    const wish = { value: "b", budgetMs: 1_000 };
    const told = must(await settleEntity(deps, entity, wish));
    expect(told).toMatchObject({
      settled: 2,
      failed: 1,
      failures: [{ prediction_id: "id-0001", reason: "outcome_conflict" }],
    });
    const replaced = must(await settleEntity(deps, entity, { ...wish, replace: true }));
    expect(replaced).toMatchObject({ settled: 3, failed: 0 });
  });
});

describe("settleLate", () => {
  it("settles what was recorded on an entity that had been finished before, and no other", async () => {
    const on = (id: string) => ({ entity: { type: "match", id } });
    const records = [
      aRecord({ id: "a", ...on("done") }),
      aRecord({ id: "b", ...on("open") }),
      aRecord({ id: "c", ...on("unknown") }),
      aRecord({ id: "d" }),
    ];
    const deps = await storeOf(...records);
    const entities = createMemoryEntityStore();
    const base = { features: {}, createdAtMs: 1, updatedAtMs: 1 };
    const writes = [
      { id: "done", expectedRev: 0, content: { ...base, state: "finished", outcome: "b" } },
      { id: "open", expectedRev: 0, content: { ...base, state: "open" } },
    ] as const;
    must(await entities.swapMany("match", writes, 1));
    await settleLate({ ...deps, entities }, records);
    const kept = must(await deps.predictions.get(["a", "b", "c", "d"], 1));
    expect(kept.map((one) => one?.outcome?.value)).toEqual(["b", undefined, undefined, undefined]);
  });
});

describe("windows", () => {
  const now = Date.parse("2026-11-28T00:30:00.000Z");

  it.each([
    ["1d", "2026-11-28"],
    ["7d", "2026-11-22"],
    ["365d", "2025-11-29"],
    ["all", "1970-01-01"],
  ])("%s begins on %s", (text, fromDay) => {
    expect(parseWindow(text, now)).toEqual({ ok: true, value: { text, fromDay } });
  });

  it.each(["", "1h", "0d", "366d", "7", "-1d", "7D", "1.5d"])("refuses '%s'", (text) => {
    expect(parseWindow(text, now)).toMatchObject({ ok: false });
  });
});
