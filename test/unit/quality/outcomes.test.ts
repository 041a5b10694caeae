import { describe, expect, it } from "vitest";
import { createMemoryEntityStore } from "../../../src/adapters/memory/entity-store.ts";
import { createMemoryPredictionStore } from "../../../src/adapters/memory/prediction-store.ts";
import type { OutcomeValue, PredictionRecord } from "../../../src/core/model/prediction-record.ts";
import { fail, ok, type Result } from "../../../src/core/model/result.ts";
import type { PredictionStore } from "../../../src/core/ports/prediction-store.ts";
import { addCounters } from "../../../src/core/quality/metrics/counters.ts";
import { groupAccuracy } from "../../../src/core/quality/metrics/model-metrics.ts";
import {
  predictionCounters,
  predictionStatistics,
} from "../../../src/core/quality/metrics/prediction-counters.ts";
import { scoreOutcome } from "../../../src/core/quality/metrics/score-outcome.ts";
import { setOutcome } from "../../../src/core/quality/set-outcome.ts";
import { settleEntity, settleLate } from "../../../src/core/quality/settle-entity.ts";
import { settleUnsettled } from "../../../src/core/quality/settle-unsettled.ts";
import { parseWindow } from "../../../src/core/quality/window.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { must } from "../../support/must.ts";
import { addRecords, aRecord } from "../../support/records.ts";

const AT = { createdAtMs: 1, updatedAtMs: 1 };

const reasonOf = (told: Result<unknown, { readonly reason: string }>) =>
  told.ok ? "ok" : told.failure.reason;

async function storeOf(...records: readonly PredictionRecord[]) {
  const clock = createManualClock();
  const predictions = createMemoryPredictionStore(clock);
  await addRecords(predictions, records, clock.now());
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
    ["text of a number that loses digits", score(value, "9007199254740993")],
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

  it("holds an answer of another model to the classes of the version that was asked", async () => {
    const record = { version: "gpt@unknown", route: "production:4", output: { label: "x" } };
    const deps = await storeOf(aRecord({ id: "a", ...record }));
    const classesOf = async (_: string, version: string) => (version === "4" ? ["x"] : []);
    const told = await setOutcome({ ...deps, classesOf }, { id: "a", value: "z" });
    expect(reasonOf(told)).toBe("outcome_invalid");
  });
});

describe("settleEntity", () => {
  const entity = { type: "match", id: "1" };
  const finishing = { entity, rev: 1, value: "b" };
  const NONE = { settled: 0, unchanged: 0, conflicting: 0, invalid: 0, pending: 0 };
  const records = (count: number) =>
    Array.from({ length: count }, (_, index) =>
      aRecord({ id: `id-${String(index).padStart(4, "0")}`, entity }),
    );
  /** Each page takes `ms` of the clock. */
  const slow = ({ clock, predictions }: Awaited<ReturnType<typeof storeOf>>, ms: number) => ({
    clock,
    predictions: {
      ...predictions,
      async settle(...given: Parameters<PredictionStore["settle"]>) {
        await clock.advance(ms);
        return predictions.settle(...given);
      },
    },
  });
  const settleFor = async (deps: Parameters<typeof settleEntity>[0], budgetMs: number) => {
    const how = { untilMs: deps.clock.now() + budgetMs, again: true };
    return must(await settleEntity(deps, finishing, how));
  };

  it("settles all of several pages, and again without harm", async () => {
    const deps = await storeOf(...records(230), aRecord({ id: "other" }));
    const first = await settleFor(deps, 1_000);
    expect(first).toEqual({ counts: { ...NONE, settled: 230 }, looked: 230 });
    expect(await settleFor(deps, 1_000)).toEqual({
      counts: { ...NONE, unchanged: 230 },
      looked: 0,
    });
    const [sums] = must(await deps.predictions.counters("iris", "1970-01-01", 1));
    expect(sums?.counters.get("n")).toBe(230n);
    expect(must(await deps.predictions.get(["other"], 1))[0]?.outcome).toBeUndefined();
  });

  it("says what is to go when its time is over, and comes further each time until all is done", async () => {
    const deps = slow(await storeOf(...records(230)), 1_000);
    const counts = [];
    for (let time = 0; time < 4; time += 1) counts.push((await settleFor(deps, 1_000)).counts);
    expect(counts).toEqual([
      { ...NONE, settled: 100, pending: 130 },
      { ...NONE, settled: 100, unchanged: 100, pending: 30 },
      { ...NONE, settled: 30, unchanged: 200 },
      { ...NONE, unchanged: 230 },
    ]);
  });

  it("begins nothing without time, yet leaves it to the cron", async () => {
    const { predictions, clock } = await storeOf(...records(3));
    const deps = { predictions, clock };
    expect((await settleFor(deps, 0)).counts).toEqual({ ...NONE, pending: 3 });
    const entities = createMemoryEntityStore();
    const content = { state: "finished", outcome: "b", features: {} } as const;
    const write = { id: "1", expectedRev: 0, content: { ...content, ...AT } };
    must(await entities.swapMany("match", [write], 1));
    const told = await settleUnsettled({ ...deps, entities }, clock.now() + 1_000);
    expect(told).toEqual({ entities: 1, predictions: 3, done: true });
    expect((await settleFor(deps, 0)).counts).toEqual({ ...NONE, unchanged: 3 });
    expect(must(await predictions.unsettled(10, 1))).toEqual([]);
  });
});

describe("settleUnsettled", () => {
  it("goes on with many entities, forgets those that are open, and stops when its time is over", async () => {
    const ids = Array.from({ length: 120 }, (_, index) => `${index}`);
    const on = (id: string) => aRecord({ id: `on-${id}`, entity: { type: "match", id } });
    const { predictions, clock } = await storeOf(...ids.map(on));
    const entities = createMemoryEntityStore();
    const finished = { state: "finished", outcome: "b", features: {} } as const;
    const writes = ids.map((id) => ({ id, expectedRev: 0, content: { ...finished, ...AT } }));
    const revs = must(await entities.swapMany("match", writes, 1));
    for (const [index, id] of ids.entries()) {
      const finishing = { entity: { type: "match", id }, rev: revs[index] ?? 0, value: "b" };
      const how = { untilMs: clock.now(), again: true };
      must(await settleEntity({ predictions, clock }, finishing, how));
    }
    const open = { state: "open", features: {} } as const;
    const reopened = { id: "7", expectedRev: revs[7] ?? 0, content: { ...open, ...AT } };
    must(await entities.swapMany("match", [reopened], 1));
    const deps = { predictions, clock, entities };
    const nothing = { entities: 0, predictions: 0, done: false };
    expect(await settleUnsettled(deps, clock.now())).toEqual(nothing);
    expect(must(await predictions.unsettled(200, 1))).toHaveLength(120);
    const told = await settleUnsettled(deps, clock.now() + 1_000);
    expect(told).toEqual({ entities: 119, predictions: 119, done: true });
    expect(must(await predictions.unsettled(200, 1))).toEqual([]);
    const kept = must(await predictions.get(["on-0", "on-7", "on-119"], 1));
    expect(kept.map((one) => one?.outcome?.value)).toEqual(["b", undefined, "b"]);
  });
});

describe("settleUnsettled of a store that falls silent", () => {
  it("tells what it has done, and why it stopped", async () => {
    const on = (id: string) => aRecord({ id: `on-${id}`, entity: { type: "match", id } });
    const { predictions, clock } = await storeOf(on("1"), on("2"));
    const entities = createMemoryEntityStore();
    const finished = { state: "finished", outcome: "b", features: {} } as const;
    for (const id of ["1", "2"]) {
      const writes = [{ id, expectedRev: 0, content: { ...finished, ...AT } }];
      const [rev = 0] = must(await entities.swapMany("match", writes, 1));
      const finishing = { entity: { type: "match", id }, rev: rev ?? 0, value: "b" };
      const how = { untilMs: clock.now(), again: true };
      must(await settleEntity({ predictions, clock }, finishing, how));
    }
    let settled = 0;
    const silent: PredictionStore = {
      ...predictions,
      async settle(...given) {
        settled += 1;
        if (settled > 1) return fail({ reason: "unreachable", detail: "the test cut the line" });
        return predictions.settle(...given);
      },
    };
    const told = await settleUnsettled(
      { predictions: silent, clock, entities },
      clock.now() + 1_000,
    );
    expect(told).toEqual({
      entities: 1,
      predictions: 1,
      done: false,
      failure: { reason: "redis_unavailable", detail: "the test cut the line" },
    });
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
