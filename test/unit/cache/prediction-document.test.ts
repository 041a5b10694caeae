import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CachedPrediction } from "../../../src/core/cache/cached-prediction.ts";
import type { Expected } from "../../../src/core/cache/expected.ts";
import { readDocument, writeDocument } from "../../../src/core/cache/prediction-document.ts";
import { makeTensor, type Tensor, type TensorSpec } from "../../../src/core/model/tensor.ts";
import { anyTensor } from "../../support/tensors.ts";

const DIGEST = "ab".repeat(32);

const of = (outputs: readonly Tensor[]): CachedPrediction => ({
  model: "iris",
  version: "3",
  digest: DIGEST,
  askedDigest: DIGEST,
  strategy: "fast",
  outputs,
  createdAtMs: 1_000,
  freshUntilMs: 2_000,
  staleUntilMs: 3_000,
});

const NOW_MS = 1_500;

const expected = (outputs: readonly TensorSpec[], changes: Partial<Expected> = {}): Expected => ({
  digest: DIGEST,
  outputs,
  batch: undefined,
  freshMs: 1_000,
  staleMs: 1_000,
  ...changes,
});

const SCORES = makeTensor("scores", "FP32", [2], Float32Array.of(0.1, Number.NaN));
const IDS = makeTensor("ids", "INT64", [1], BigInt64Array.of(2n ** 63n - 1n));

describe("a prediction in Redis", () => {
  it("comes back with every bit of every datatype", () => {
    fc.assert(
      fc.property(fc.tuple(anyTensor("a"), anyTensor("b")), (outputs) => {
        const prediction = of(outputs);
        expect(readDocument(writeDocument(prediction), expected(outputs), NOW_MS)).toEqual(
          prediction,
        );
      }),
      { numRuns: 500 },
    );
  });

  it("says what made it and how long it holds", () => {
    expect(JSON.parse(writeDocument(of([IDS])))).toEqual({
      _model: "iris",
      _version: "3",
      _digest: DIGEST,
      _strategy: "fast",
      _created_at: 1_000,
      fresh_until: 2_000,
      stale_until: 3_000,
      outputs: [{ name: "ids", datatype: "INT64", shape: [1], data: "/////////38=" }],
    });
  });

  it("of another model names that one, and is found by the version asked", () => {
    const premium = { ...of([IDS]), model: "gpt", digest: "", strategy: "premium" as const };
    const text = writeDocument(premium);
    expect(JSON.parse(text)).toMatchObject({ _model: "gpt", _digest: "", _asked_digest: DIGEST });
    expect(readDocument(text, expected([IDS]), NOW_MS)).toEqual(premium);
    expect(
      readDocument(text, expected([IDS], { digest: "cd".repeat(32) }), NOW_MS),
    ).toBeUndefined();
  });

  it("that does not say where it came from reads as of unknown origin", () => {
    const { fresh_until, stale_until, outputs } = JSON.parse(writeDocument(of([IDS])));
    const text = JSON.stringify({ fresh_until, stale_until, outputs });
    expect(readDocument(text, expected([IDS]), NOW_MS)).toEqual({
      ...of([IDS]),
      model: "unknown",
      version: "unknown",
      strategy: "unknown",
      createdAtMs: 0,
      freshUntilMs: 1_000,
      staleUntilMs: 2_000,
    });
  });

  const document = (changes: object) =>
    JSON.stringify({ ...JSON.parse(writeDocument(of([SCORES]))), ...changes });
  const output = { name: "scores", datatype: "FP32", shape: [2], data: "AAAAAAAAAAA=" };

  it.each([
    ["no JSON", "{"],
    ["no document", '"hit"'],
    ["without its times", JSON.stringify({ outputs: [output] })],
    ["of another digest", document({ _digest: "cd".repeat(32) })],
    ["of no known strategy", document({ _strategy: "slow" })],
    ["of no output", document({ outputs: [] })],
    ["of one output too many", document({ outputs: [output, output] })],
    ["of another output", document({ outputs: [{ ...output, name: "score" }] })],
    ["of another datatype", document({ outputs: [{ ...output, datatype: "INT32" }] })],
    ["of another shape than its data", document({ outputs: [{ ...output, shape: [3] }] })],
    ["of a negative shape", document({ outputs: [{ ...output, shape: [-2] }] })],
    ["of cut data", document({ outputs: [{ ...output, data: "AAAAAAA=" }] })],
    ["of data that are no base64", document({ outputs: [{ ...output, data: "?" }] })],
    ["of text where bytes should be", document({ outputs: [{ ...output, data: ["a", "b"] }] })],
  ])("is no hit when it is %s", (_what, text) => {
    expect(readDocument(document({}), expected([SCORES]), NOW_MS)).toBeDefined();
    expect(readDocument(text, expected([SCORES]), NOW_MS)).toBeUndefined();
  });

  const scores = (shape: readonly number[]): TensorSpec => ({
    name: "scores",
    datatype: "FP32",
    shape,
  });
  const row = document({ outputs: [{ ...output, shape: [1, 2] }] });
  const two = document({ outputs: [{ ...output, shape: [2, 1] }] });

  it.each([
    ["another rank", scores([-1]), 1],
    ["a higher rank", scores([-1, 1, 2]), 1],
    ["another fixed dimension", scores([-1, 4]), 1],
    ["other rows than were asked for", scores([-1, 2]), 2],
  ])("of %s than the model has is no hit, though its data have its shape", (_what, spec, batch) => {
    expect(readDocument(row, expected([scores([-1, 2])], { batch: 1 }), NOW_MS)).toBeDefined();
    expect(readDocument(row, expected([spec], { batch }), NOW_MS)).toBeUndefined();
  });

  it("is of the rows asked only where the first dimension is open, and they are known", () => {
    expect(readDocument(two, expected([scores([2, 1])], { batch: 1 }), NOW_MS)).toBeDefined();
    expect(readDocument(two, expected([scores([-1, 1])]), NOW_MS)).toBeDefined();
  });

  it("made later than now is no hit, but for what clocks may differ by", () => {
    const soon = document({ _created_at: NOW_MS + 60_000 });
    expect(readDocument(soon, expected([SCORES]), NOW_MS)).toBeDefined();
    const later = document({ _created_at: NOW_MS + 60_001 });
    expect(readDocument(later, expected([SCORES]), NOW_MS)).toBeUndefined();
  });

  it("holds no longer than the settings allow, whatever it says", () => {
    const times = fc.record({
      _created_at: fc.nat(NOW_MS + 60_000),
      fresh_until: fc.maxSafeNat(),
      stale_until: fc.maxSafeNat(),
    });
    fc.assert(
      fc.property(times, fc.nat(5_000), fc.nat(5_000), (said, freshMs, staleMs) => {
        const text = document(said);
        const read = readDocument(text, expected([SCORES], { freshMs, staleMs }), NOW_MS);
        const { createdAtMs = NaN, freshUntilMs = NaN, staleUntilMs = NaN } = read ?? {};
        expect(createdAtMs).toBe(said._created_at);
        expect(freshUntilMs).toBeLessThanOrEqual(createdAtMs + freshMs);
        expect(freshUntilMs).toBeLessThanOrEqual(staleUntilMs);
        expect(staleUntilMs).toBeLessThanOrEqual(createdAtMs + freshMs + staleMs);
      }),
    );
  });
});
