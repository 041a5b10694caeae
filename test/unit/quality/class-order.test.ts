import { describe, expect, it } from "vitest";
import { createMemoryPredictionStore } from "../../../src/adapters/memory/prediction-store.ts";
import type { PredictionRecord } from "../../../src/core/model/prediction-record.ts";
import { readAccuracy } from "../../../src/core/quality/read-accuracy.ts";
import { setOutcome } from "../../../src/core/quality/set-outcome.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { must } from "../../support/must.ts";
import { addRecords, aRecord } from "../../support/records.ts";

/** Accuracy of predictions by `[version, answer, truth]`. */
async function accuracyOf(
  judged: readonly (readonly [version: string, label: string, truth: string])[],
  known: Readonly<Record<string, readonly string[]>>,
  by: "version" | "strategy" = "version",
) {
  const clock = createManualClock();
  const predictions = createMemoryPredictionStore(clock);
  const asked: string[] = [];
  for (const [place, [version, label, truth]] of judged.entries()) {
    const record: PredictionRecord = aRecord({ id: `p${place}`, version, output: { label } });
    await addRecords(predictions, [record], clock.now());
    must(await setOutcome({ predictions, clock }, { id: record.id, value: truth }));
  }
  const window = { text: "all", fromDay: "1970-01-01" };
  const read = await readAccuracy(
    predictions,
    { model: "iris", window, by },
    async (_, version) => {
      asked.push(version);
      return known[version] ?? [];
    },
  );
  const { groups } = must(read);
  const labels = groups.map(({ metrics }) => metrics.confusion_matrix?.labels);
  return { groups, labels, asked };
}

const HOME = ["home", "draw", "away"];

describe("the confusion matrix", () => {
  it("has the classes in the model's order, and those that never came left out", async () => {
    const judged = [
      ["1", "away", "home"],
      ["1", "draw", "draw"],
      ["2", "away", "away"],
      ["2", "home", "away"],
    ] as const;
    const { groups, labels } = await accuracyOf(judged, { "1": HOME, "2": HOME });
    expect(labels).toEqual([
      ["home", "draw", "away"],
      ["home", "away"],
    ]);
    expect(groups[0]?.metrics.confusion_matrix?.matrix).toEqual([
      [0, 0, 1],
      [0, 1, 0],
      [0, 0, 0],
    ]);
    expect(Object.keys(groups[0]?.metrics.classes ?? {})).toEqual(HOME);
  });

  it("has classes that the model does not know behind the others, by name", async () => {
    const judged = [
      ["1", "z", "home"],
      ["1", "away", "b"],
    ] as const;
    expect((await accuracyOf(judged, { "1": HOME })).labels).toEqual([["home", "away", "b", "z"]]);
    expect((await accuracyOf(judged, {})).labels).toEqual([["away", "b", "home", "z"]]);
  });

  it("goes by the newest version where a group has several, asks each once and not too many", async () => {
    const judged = Array.from({ length: 14 }, (_, place) => {
      return [String(place + 1), place % 2 === 0 ? "a" : "b", "b"] as const;
    });
    const both = await accuracyOf(judged, { "13": ["b", "a"], "12": ["a", "b"] }, "strategy");
    expect(both.labels).toEqual([["b", "a"]]);
    expect(both.asked).toEqual(["14", "13", "12", "11", "10", "9", "8", "7", "6", "5"]);
  });

  it("asks nobody about what is no version", async () => {
    const { labels, asked } = await accuracyOf([["other@2", "b", "a"]], {});
    expect([labels, asked]).toEqual([[["a", "b"]], []]);
  });
});
