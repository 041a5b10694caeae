import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseVersion } from "../../../src/core/routing/choose-version.ts";

const never = () => {
  throw new Error("no chance is asked for");
};

describe("choosing a version", () => {
  it("takes the only version with traffic without a hash or a chance", () => {
    expect(chooseVersion({ weights: { "1": 0, "2": 100 } }, undefined, never)).toBe("2");
  });

  it("gives one key the same version every time", () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 99 }), (key, share) => {
        const route = { weights: { "1": share, "2": 100 - share } };
        expect(chooseVersion(route, key, never)).toBe(chooseVersion({ ...route }, key, never));
      }),
    );
  });

  it("spreads keys by weight", () => {
    const route = { weights: { "1": 90, "2": 10 } };
    const keys = Array.from({ length: 20_000 }, (_, index) => `user-${index}`);
    const second = keys.filter((key) => chooseVersion(route, key, never) === "2").length;
    // Binomial(20,000, 0.1): mean 2,000, standard deviation 42; six of them either side.
    expect(second).toBeGreaterThan(1_745);
    expect(second).toBeLessThan(2_255);
  });

  it("only ever moves keys to the version that grows", () => {
    const keys = Array.from({ length: 2_000 }, (_, index) => `k${index}`);
    const before = keys.map((key) => chooseVersion({ weights: { "1": 90, "2": 10 } }, key, never));
    const after = keys.map((key) => chooseVersion({ weights: { "1": 70, "2": 30 } }, key, never));
    expect(keys.some((_, index) => before[index] === "2" && after[index] === "1")).toBe(false);
  });

  it("lays chance on the weights when there is no key", () => {
    const route = { weights: { "2": 50, "10": 25, "1": 25 } };
    const at = (random: number) => chooseVersion(route, undefined, () => random);
    expect([0, 0.249, 0.25, 0.749, 0.75, 0.999].map(at)).toEqual(["1", "1", "2", "2", "10", "10"]);
  });

  it("throws on a route that no schema would have passed", () => {
    expect(() => chooseVersion({ weights: { "1": 1, "2": 1 } }, undefined, () => 0.9)).toThrow();
  });
});
