import { describe, expect, it } from "vitest";
import { sumCounters } from "../../../src/core/quality/metrics/counters.ts";
import { groupAccuracy } from "../../../src/core/quality/metrics/model-metrics.ts";
import { scoreOutcome } from "../../../src/core/quality/metrics/score-outcome.ts";
import { fixtureNames } from "../../support/fixtures.ts";
import { type Holdout, readHoldout } from "../../support/holdouts.ts";

const countersOf = ({ rows }: Holdout) =>
  rows.map(({ truth, ...row }) => {
    const scored = scoreOutcome(row, truth);
    if (!scored.ok) throw new Error(scored.failure.detail);
    return scored.value.counters;
  });

/** The fixtures tell six digits. */
const within = (told: number) => 10 ** (Math.floor(Math.log10(Math.abs(told) || 1)) - 5) * 0.501;

const NAMES = [
  "accuracy",
  "log_loss",
  "brier",
  "f1_macro",
  "precision_macro",
  "recall_macro",
  "mae",
  "rmse",
  "r2",
] as const;

describe.each(fixtureNames())("metrics of %s version %s", (name, version) => {
  const holdout = readHoldout(name, version);
  const { n, metrics } = groupAccuracy(sumCounters(countersOf(holdout)));

  it("are scikit-learn's own, to every digit that the fixture tells", () => {
    expect(n).toBe(holdout.rows.length);
    const told = NAMES.filter((metric) => typeof holdout.metrics[metric] === "number");
    expect(told.length).toBeGreaterThan(2);
    for (const metric of told) {
      const expected = Number(holdout.metrics[metric]);
      expect(Math.abs(Number(metrics[metric]) - expected), metric).toBeLessThan(within(expected));
    }
  });

  it("have scikit-learn's confusion matrix exactly", () => {
    if (holdout.classes === undefined) {
      expect(metrics.confusion_matrix).toBeUndefined();
      return;
    }
    const { labels = [], matrix = [] } = metrics.confusion_matrix ?? {};
    const inOrder = holdout.classes.map((truth) =>
      (holdout.classes ?? []).map((label) => {
        return matrix[labels.indexOf(truth)]?.[labels.indexOf(label)] ?? 0;
      }),
    );
    expect(inOrder).toEqual(holdout.metrics.confusion_matrix);
  });

  it("are the same from days that were counted apart, in any order", () => {
    const each = countersOf(holdout).reverse();
    const middle = Math.floor(each.length / 3);
    const days = [each.slice(middle), each.slice(0, middle)].map((day) => sumCounters(day));
    expect(groupAccuracy(sumCounters(days)).metrics).toEqual(metrics);
  });
});

describe("metrics against the formulas written out in floating point", () => {
  it("agree to 1e-9 on probabilities", () => {
    const { rows } = readHoldout("breast-cancer-rf", "2");
    const { metrics } = groupAccuracy(
      sumCounters(countersOf(readHoldout("breast-cancer-rf", "2"))),
    );
    let loss = 0;
    let oneClass = 0;
    for (const { output, truth } of rows) {
      const p1 = output.probabilities?.["1"] ?? 0;
      const p0 = output.probabilities?.["0"] ?? 0;
      const eps = 2 ** -52;
      const clip = (p: number) => Math.min(Math.max(p, eps), 1 - eps);
      loss -= Math.log(clip(truth === "1" ? p1 : p0) / (clip(p0) + clip(p1)));
      // brier_score_loss looks at the positive class alone.
      oneClass += (p1 - Number(truth)) ** 2;
    }
    expect(Math.abs((metrics.log_loss ?? 0) - loss / rows.length)).toBeLessThan(1e-9);
    expect(Math.abs((metrics.brier_score_loss ?? 0) - oneClass / rows.length)).toBeLessThan(1e-7);
  });

  it("agree to 1e-9 on regressions", () => {
    const holdout = readHoldout("diabetes-gbr", "2");
    const { metrics } = groupAccuracy(sumCounters(countersOf(holdout)));
    const pairs = holdout.rows.map(
      ({ output, truth }) => [Number(truth), output.value ?? 0] as const,
    );
    const mean = pairs.reduce((sum, [y]) => sum + y, 0) / pairs.length;
    const sse = pairs.reduce((sum, [y, f]) => sum + (y - f) ** 2, 0);
    const sst = pairs.reduce((sum, [y]) => sum + (y - mean) ** 2, 0);
    expect(Math.abs((metrics.r2 ?? 0) - (1 - sse / sst))).toBeLessThan(1e-9);
    expect(Math.abs((metrics.rmse ?? 0) - Math.sqrt(sse / pairs.length))).toBeLessThan(1e-9);
  });
});
