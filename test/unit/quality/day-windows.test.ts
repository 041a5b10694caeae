import { describe, expect, it } from "vitest";
import { createMemoryPredictionStore } from "../../../src/adapters/memory/prediction-store.ts";
import {
  type Grouping,
  readAccuracy,
  readStatistics,
} from "../../../src/core/quality/read-accuracy.ts";
import { setOutcome } from "../../../src/core/quality/set-outcome.ts";
import { parseWindow } from "../../../src/core/quality/window.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { must } from "../../support/must.ts";
import { addRecords, aRecord, DAY_MS } from "../../support/records.ts";

const MIDNIGHT = Date.parse("2026-11-28T00:00:00.000Z");
const at = (ms: number) => new Date(MIDNIGHT + ms).toISOString();

/** Predictions at times from midnight, `a` each; those of an even place are right, all have an outcome. */
async function judged(...times: readonly number[]) {
  const clock = createManualClock(MIDNIGHT - 1);
  const predictions = createMemoryPredictionStore(clock);
  const records = times.map((ms, place) =>
    aRecord({ id: `p${place}`, at: at(ms), confidence: place % 2 === 0 ? 0.905 : 0.605 }),
  );
  await addRecords(predictions, records, clock.now());
  for (const [place, { id }] of records.entries()) {
    const value = place % 2 === 0 ? "a" : "b";
    must(await setOutcome({ predictions, clock }, { id, value, at: at(40 * DAY_MS) }));
  }
  const ask = (text: string, by: Grouping, nowMs: number) => {
    const query = { model: "iris", window: must(parseWindow(text, MIDNIGHT + nowMs)), by };
    return { query, predictions };
  };
  const accuracy = async (text: string, by: Grouping, nowMs: number) => {
    const { query } = ask(text, by, nowMs);
    const { groups } = must(await readAccuracy(predictions, query));
    return groups.map(({ key, n, metrics }) => [key, n, metrics.accuracy]);
  };
  const statistics = async (text: string, by: Grouping, nowMs: number) => {
    const { query } = ask(text, by, nowMs);
    const { groups } = must(await readStatistics(predictions, query));
    return groups.map(({ key, predictions: made, confidence }) => [key, made, confidence?.p50]);
  };
  return { accuracy, statistics };
}

describe("accuracy and statistics over days", () => {
  it("part at midnight, UTC: a millisecond before is the day before", async () => {
    const { accuracy, statistics } = await judged(-1, 0, DAY_MS - 1);
    const days = [
      ["2026-11-27", 1, 1],
      ["2026-11-28", 2, 0.5],
    ];
    expect(await accuracy("2d", "day", 0)).toEqual(days);
    expect(await accuracy("1d", "day", 0)).toEqual(days.slice(1));
    // Until the day is over nothing is forgotten, and at midnight a whole day is.
    expect(await accuracy("1d", "day", DAY_MS - 1)).toEqual(days.slice(1));
    expect(await accuracy("1d", "day", DAY_MS)).toEqual([]);
    expect(await accuracy("2d", "day", DAY_MS)).toEqual(days.slice(1));
    expect(await statistics("2d", "day", 0)).toEqual([
      ["2026-11-27", 1, 0.905],
      ["2026-11-28", 2, 0.755],
    ]);
  });

  it("add up the days of a window, whenever their outcomes came", async () => {
    const times = [-8, -7, -6, -2, -1, 0].map((days) => days * DAY_MS + 3_600_000);
    const { accuracy, statistics } = await judged(...times);
    expect(await accuracy("7d", "version", DAY_MS - 1)).toEqual([["1", 4, 0.5]]);
    expect(await accuracy("8d", "version", DAY_MS - 1)).toEqual([["1", 5, 0.4]]);
    expect(await accuracy("all", "version", 0)).toEqual([["1", 6, 0.5]]);
    expect((await accuracy("9d", "day", 0)).map(([day]) => day)).toEqual(
      times.map((ms) => at(ms).slice(0, 10)),
    );
    expect(await statistics("7d", "strategy", 0)).toEqual([["fast", 4, 0.755]]);
    expect(await statistics("3d", "route", 0)).toEqual([["production:1", 3, 0.605]]);
  });
});
