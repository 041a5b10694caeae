import { describe, expect, it } from "vitest";
import {
  addClassification,
  classificationMetrics,
} from "../../../src/core/quality/metrics/classification.ts";
import { addRegression, regressionMetrics } from "../../../src/core/quality/metrics/regression.ts";

type Answer = Parameters<typeof addClassification>[2];

const metricsOf = (...pairs: readonly (readonly [truth: string, answer: Answer])[]) => {
  const counters = new Map<string, bigint>();
  for (const [truth, answer] of pairs) addClassification(counters, truth, answer);
  return classificationMetrics(counters);
};

const labels = (...pairs: readonly (readonly [truth: string, label: string])[]) =>
  metricsOf(...pairs.map(([truth, label]) => [truth, { label }] as const));

describe("metrics of classes", () => {
  it("are none of nothing", () => {
    expect(classificationMetrics(new Map())).toBeUndefined();
    expect(regressionMetrics(new Map())).toBeUndefined();
  });

  it("name classes by number, then by word", () => {
    const told = labels(["10", "9"], ["b", "2"], ["a", "a"]);
    expect(told?.confusion_matrix.labels).toEqual(["2", "9", "10", "a", "b"]);
  });

  it("give a class that nobody named a precision of 0, and one that never was a recall of 0", () => {
    const told = labels(["a", "b"], ["a", "b"]);
    expect(told?.classes).toEqual({
      a: { precision: 0, recall: 0, f1: 0, support: 2 },
      b: { precision: 0, recall: 0, f1: 0, support: 0 },
    });
    expect(told).toMatchObject({ accuracy: 0, f1_macro: 0 });
  });

  it("take any text for a class", () => {
    const odd = ["__proto__", "constructor", 'a","b', "", "a:b", "ünï \u0000"];
    const told = labels(...odd.map((name) => [name, name] as const));
    expect(told?.accuracy).toBe(1);
    expect(Object.keys(told?.classes ?? {}).sort()).toEqual([...odd].sort());
  });

  it("have no metrics of probabilities where there are none", () => {
    const told = labels(["a", "a"]);
    expect(told).not.toHaveProperty("log_loss");
    expect(told).not.toHaveProperty("brier");
    expect(told).not.toHaveProperty("calibration");
  });

  it("say how many outcomes the log loss and the calibration are of", () => {
    const sure: Answer = { label: "a", probabilities: { a: 0.75, b: 0.25 }, confidence: 0.75 };
    // As of an answer whose probabilities are NaN: it has a label, and nothing else.
    const told = metricsOf(["a", sure], ["a", { label: "a" }], ["b", { label: "a" }]);
    expect(told).toMatchObject({ n_labels: 3, n_probabilities: 1, calibration: { n: 1 } });
    expect(told?.log_loss).toBeCloseTo(-Math.log(0.75), 12);
    expect(labels(["a", "a"])).toMatchObject({ n_labels: 1, n_probabilities: 0 });
  });

  it("clip the probability of a truth that was ruled out", () => {
    const told = metricsOf(["b", { label: "a", probabilities: { a: 1, b: 0 }, confidence: 1 }]);
    // −ln 2^−52
    expect(told?.log_loss).toBeCloseTo(36.04365338911715, 9);
    expect(told).toMatchObject({ brier: 2, brier_score_loss: 1 });
  });

  it("have the one-class Brier score only while every answer had two classes", () => {
    const two: Answer = { label: "a", probabilities: { a: 0.75, b: 0.25 } };
    const three: Answer = { label: "a", probabilities: { a: 0.5, b: 0.25, c: 0.25 } };
    expect(metricsOf(["a", two])).toMatchObject({ brier: 0.125, brier_score_loss: 0.0625 });
    expect(metricsOf(["a", two], ["a", three])).not.toHaveProperty("brier_score_loss");
  });

  it("put confidences into ten bins, both ends among them", () => {
    const sure = (confidence: number): Answer => ({ label: "a", confidence });
    const told = metricsOf(["a", sure(0)], ["a", sure(1)], ["b", sure(0.95)], ["a", sure(0.5)]);
    const counts = told?.calibration?.bins.map(({ n }) => n);
    expect(counts).toEqual([1, 0, 0, 0, 0, 1, 0, 0, 0, 2]);
    expect(told?.calibration?.bins[9]).toEqual({
      from: 0.9,
      to: 1,
      n: 2,
      confidence: 0.975,
      accuracy: 0.5,
    });
    // (1·|1 − 0| + 1·|1 − 0.5| + 2·|0.5 − 0.975|) / 4
    expect(told?.calibration?.ece).toBeCloseTo(0.6125, 12);
  });
});

describe("metrics of numbers", () => {
  const told = (...pairs: readonly (readonly [truth: number, predicted: number])[]) => {
    const counters = new Map<string, bigint>();
    for (const [truth, predicted] of pairs) addRegression(counters, truth, predicted);
    return regressionMetrics(counters);
  };

  it("have no R² of one outcome, and scikit-learn's where all truths are equal", () => {
    expect(told([1, 2])).toEqual({ n_values: 1, mae: 1, rmse: 1 });
    expect(told([3, 3], [3, 3])?.r2).toBe(1);
    expect(told([3, 3], [3, 4])?.r2).toBe(0);
  });

  it("tell R² of large numbers close together", () => {
    // Errors of 1 around a spread of ±2: 1 − 2/8. In floats Σy² − n·ȳ² is noise here.
    const base = 2 ** 40;
    expect(told([base - 2, base - 1], [base + 2, base + 1])?.r2).toBe(0.75);
  });

  it("hold numbers whose squares are past a float64's precision", () => {
    expect(told([1e150, -1e150], [0, 0])?.mae).toBeCloseTo(1e150, -140);
  });
});
