import * as fc from "fast-check";
import { expect, it } from "vitest";
import { addCounters } from "../../../src/core/quality/metrics/counters.ts";
import {
  predictionCounters,
  predictionStatistics,
} from "../../../src/core/quality/metrics/prediction-counters.ts";
import { aRecord } from "../../support/records.ts";

const QUANTILES = { p05: 0.05, p25: 0.25, p50: 0.5, p75: 0.75, p95: 0.95 } as const;
type Name = keyof typeof QUANTILES;

function told(confidences: readonly number[]) {
  const sums = new Map<string, bigint>();
  for (const confidence of confidences) {
    addCounters(sums, predictionCounters(aRecord({ id: "one", confidence })));
  }
  const { confidence } = predictionStatistics(sums);
  if (confidence === undefined) throw new Error("there are confidences");
  return confidence;
}

/** As numpy's `quantile`, from the confidences themselves. */
function exact(confidences: readonly number[], q: number): number {
  const bySize = [...confidences].sort((a, b) => a - b);
  const place = q * (bySize.length - 1);
  const lower = Math.floor(place);
  const [low = 0, high = 0] = [bySize[lower], bySize[Math.ceil(place)]];
  return low + (place - lower) * (high - low);
}

// What floating point adds to half of a bin's width.
const ROUNDING = 1e-12;

it("quantiles of the confidence are off by no more than they say, whatever the confidences", () => {
  const even = fc.double({ min: 0, max: 1, noNaN: true });
  const confidence = fc.oneof(
    even,
    // As of a model that is sure of itself, and on the edges of bins.
    even.map((value) => 1 - value ** 6),
    fc.integer({ min: 0, max: 100 }).map((percent) => percent / 100),
  );
  fc.assert(
    fc.property(fc.array(confidence, { minLength: 1, maxLength: 300 }), (confidences) => {
      const { n, error, ...quantiles } = told(confidences);
      expect([n, error]).toEqual([confidences.length, 0.005]);
      for (const name of Object.keys(QUANTILES) as Name[]) {
        const off = Math.abs(quantiles[name] - exact(confidences, QUANTILES[name]));
        expect(off, name).toBeLessThanOrEqual(error + ROUNDING);
      }
    }),
    { numRuns: 300 },
  );
});

it("a quantile between two confidences that are far from each other lies between them", () => {
  const { p25, p50, p75 } = told([0.405, 0.805]);
  expect([p25, p50, p75].map((value) => value.toFixed(3))).toEqual(["0.505", "0.605", "0.705"]);
});
