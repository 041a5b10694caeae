import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addCounters } from "../../../src/core/quality/metrics/counters.ts";
import {
  addExact,
  exactOf,
  exactSquare,
  readExact,
  sumOf,
  sumOfSquaredDeviations,
} from "../../../src/core/quality/metrics/exact-sum.ts";

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });

const counted = (values: readonly number[]) => {
  const counters = new Map<string, bigint>();
  for (const value of values) addExact(counters, "x", exactOf(value));
  return counters;
};

describe("exact sums", () => {
  it("give back every single float64", () => {
    fc.assert(
      fc.property(finite, (value) => {
        expect(sumOf(counted([value]), "x")).toBe(value === 0 ? 0 : value);
      }),
    );
  });

  it.each([5e-324, 2.2250738585072014e-308, Number.MAX_VALUE, -0.1, 1 / 3])("hold %d", (value) => {
    expect(sumOf(counted([value]), "x")).toBe(value);
  });

  it("do not depend on the order, and leave nothing when all is taken out again", () => {
    fc.assert(
      fc.property(fc.array(finite, { maxLength: 30 }), fc.array(finite), (values, others) => {
        const there = counted([...values, ...others]);
        expect(counted([...others, ...values])).toEqual(there);
        const negated = new Map([...counted(others)].map(([name, by]) => [name, -by] as const));
        addCounters(there, negated);
        expect(there).toEqual(counted(values));
      }),
    );
  });

  it("lose nothing beside a number 2^600 times as large", () => {
    expect(sumOf(counted([1e180, 1, -1e180]), "x")).toBe(1);
  });

  it("keep each counter so small that a double holds the sum of half a billion", () => {
    fc.assert(
      fc.property(finite, (value) => {
        const squared = new Map<string, bigint>();
        addExact(squared, "x", exactSquare(value));
        for (const by of [...counted([value]).values(), ...squared.values()]) {
          expect(by < 2n ** 24n && by > -(2n ** 24n)).toBe(true);
        }
        expect(squared.size).toBeLessThanOrEqual(6);
      }),
    );
  });

  it("tell the spread of values that are large and close together, where floats tell 0", () => {
    const values = [1e9, 1e9 + 0.001, 1e9 + 0.002];
    const squares = new Map<string, bigint>();
    for (const value of values) addExact(squares, "x", exactSquare(value));
    const spread = sumOfSquaredDeviations(
      readExact(counted(values), "x"),
      readExact(squares, "x"),
      values.length,
    );
    // 1e9 + 0.001 as a float64 is off by up to 6e-8.
    expect(Math.abs(spread - 2e-6)).toBeLessThan(1e-9);
  });
});
