import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ClearedMoments } from "../../../src/core/cache/cleared-moments.ts";

const NEVER = Number.NEGATIVE_INFINITY;
const IRIS = { model: "iris", digest: "a" };
const TWIN = { model: "twin", digest: "a" };
const WINE = { model: "wine", digest: "b" };

describe("moments of clearing", () => {
  it("are of one model and of equal bytes under another name, or of all", () => {
    const moments = new ClearedMoments();
    expect(moments.of("0", IRIS)).toBe(NEVER);
    moments.add("0", 5, { model: "iris", digests: ["a"] });
    expect([IRIS, TWIN, WINE].map((version) => moments.of("0", version))).toEqual([5, 5, NEVER]);
    moments.add("0", 7, { model: undefined, digests: [] });
    expect([IRIS, TWIN, WINE].map((version) => moments.of("0", version))).toEqual([7, 7, 7]);
  });

  it("are over with the epoch, but not while none is known", () => {
    const moments = new ClearedMoments();
    moments.add(undefined, 5, { model: undefined, digests: [] });
    expect(moments.of(undefined, WINE)).toBe(5);
    expect(moments.of("3", WINE)).toBe(5);
    expect(moments.of("4", WINE)).toBe(NEVER);
  });

  it("forget no clearing, however many models there are", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3_000), { maxLength: 3_000 }), (models) => {
        const moments = new ClearedMoments();
        const last = new Map<string, number>();
        for (const [ms, number] of models.entries()) {
          const model = `m${number}`;
          moments.add("0", ms, { model, digests: [`d${number}`] });
          last.set(model, ms);
        }
        for (const [model, ms] of last) {
          expect(moments.of("0", { model, digest: "" })).toBeGreaterThanOrEqual(ms);
        }
      }),
      { numRuns: 20 },
    );
  });
});
