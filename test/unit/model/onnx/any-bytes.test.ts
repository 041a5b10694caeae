import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inspectOnnx } from "../../../../src/core/model/onnx/inspect.ts";
import { readFixture } from "../../../support/fixtures.ts";
import { int64Tensor, node } from "../../../support/onnx-encoder.ts";
import { constant, encodeCalls, loop, loopBody, verdictOf } from "./odd-parts.ts";

/** Models of every kind of part: weights, trees, texts, loops, functions. */
const MODELS = [
  readFixture("iris-logreg", "1").bytes,
  readFixture("digits-mlp", "3").bytes,
  readFixture("breast-cancer-rf", "3").bytes,
  readFixture("wine-pipeline", "1").bytes,
  encodeCalls(
    { F: [constant("n", 3n), loop("n", loopBody(), ["a", "b"])] },
    { nodes: [node("F", ["x"], ["z"], [], "my"), loop("m")], initializers: [int64Tensor("m", 2n)] },
  ),
] as const;

const model = fc.constantFrom(...MODELS);

/** Throws what `inspectOnnx` throws; a result has to be whole. */
function inspectSoundly(bytes: Uint8Array): void {
  const before = bytes.slice();
  const result = inspectOnnx(bytes);
  if (result.ok) {
    expect(result.value.outputs.length).toBeGreaterThan(0);
    expect(Number.isFinite(result.value.nodeCount + result.value.tensorBytes)).toBe(true);
  } else {
    expect(result.failure.reason).toMatch(/^(invalid|unsupported)_model$/);
    expect(result.failure.detail.length).toBeLessThan(2_000);
  }
  expect(bytes).toEqual(before);
}

describe("inspecting any bytes gives a result", () => {
  it("for the models themselves", () => {
    expect(MODELS.map(verdictOf)).toEqual(MODELS.map(() => "ok"));
  });

  it("for noise", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), inspectSoundly), { numRuns: 2_000 });
  });

  it("for noise that begins like a model", () => {
    const noise = fc.uint8Array({ maxLength: 200, max: 60 });
    fc.assert(
      fc.property(noise, (bytes) => {
        inspectSoundly(Uint8Array.of(0x08, 0x08, 0x3a, bytes.length & 0x7f, ...bytes));
      }),
      { numRuns: 3_000 },
    );
  });

  it("for the beginning of any model", () => {
    fc.assert(
      fc.property(model, fc.double({ min: 0, max: 1, noNaN: true }), (bytes, share) => {
        inspectSoundly(bytes.slice(0, Math.floor(share * bytes.length)));
      }),
      { numRuns: 1_500 },
    );
  });

  it("for any model with one to eight bytes changed", () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(model, changes, (bytes, places) => {
        const changed = bytes.slice();
        for (const [place, value] of places) changed[place % changed.length] = value;
        inspectSoundly(changed);
      }),
      { numRuns: 3_000 },
    );
  });

  it("for any model with a piece moved", () => {
    fc.assert(
      fc.property(model, fc.nat(), fc.nat(), fc.nat({ max: 40 }), (bytes, from, to, length) => {
        const changed = bytes.slice();
        const source = from % bytes.length;
        changed.copyWithin(to % bytes.length, source, source + length);
        inspectSoundly(changed);
      }),
      { numRuns: 1_500 },
    );
  });
});
