import { describe, expect, it } from "vitest";
import { createNodeDigest } from "../../../infra/local/node-digest.ts";
import { createMemoryPredictionStore } from "../../../src/adapters/memory/prediction-store.ts";
import { fail } from "../../../src/core/model/result.ts";
import { makeTensor } from "../../../src/core/model/tensor.ts";
import type { FreshetEvent } from "../../../src/core/ports/events.ts";
import type { PredictionStore } from "../../../src/core/ports/prediction-store.ts";
import {
  PredictionRecorder,
  type RecorderDeps,
} from "../../../src/core/quality/record-predictions.ts";
import type { AnsweredPrediction } from "../../../src/core/quality/records/make-record.ts";
import { createGate, type Gate } from "../../support/gate.ts";
import { createManualClock, settle } from "../../support/manual-clock.ts";
import { must } from "../../support/must.ts";

const MINUTE_MS = 60_000;

function createSubject(onWritten?: RecorderDeps["onWritten"]) {
  const clock = createManualClock();
  const events: FreshetEvent[] = [];
  const kept: Promise<unknown>[] = [];
  const inner = createMemoryPredictionStore(clock);
  const sizes: number[] = [];
  const line: { silent: boolean; gate: Gate<void> | undefined } = {
    silent: false,
    gate: undefined,
  };
  const predictions: PredictionStore = {
    ...inner,
    async add(drafts, ...rest) {
      sizes.push(drafts.length);
      await line.gate?.opened;
      return line.silent
        ? fail({ reason: "unreachable", detail: "the test cut the line" })
        : inner.add(drafts, ...rest);
    },
  };
  const recorder = new PredictionRecorder({
    predictions,
    digest: createNodeDigest(),
    clock,
    events: { emit: (event) => void events.push(event) },
    onWritten,
  });
  const context = { clock, background: { keep: (work: Promise<unknown>) => void kept.push(work) } };
  return {
    recorder,
    context,
    clock,
    events,
    sizes,
    line,
    store: inner,
    record: (...answered: readonly AnsweredPrediction[]) => recorder.record(context, answered),
    background: async () => void (await Promise.all(kept.splice(0))),
    idsOf: async () =>
      must(await inner.list({ model: "iris", limit: 10_000 }, 1)).items.map((one) => one.record.id),
  };
}

const answered = (id: string, more: Partial<AnsweredPrediction> = {}): AnsweredPrediction => ({
  id,
  atMs: 1_700_000_000_000,
  model: "iris",
  version: "1",
  digest: "d",
  route: "production:1",
  strategy: "fast",
  tier: "none",
  policy: { rate: 1, ttlMs: 86_400_000, logsInputs: false },
  inputs: () => ({ row: { b: 1, a: 2 } }),
  answer: () => ({ label: "x", probabilities: { classes: ["x", "y"], values: [0.75, 0.25] } }),
  ...more,
});

const many = (count: number, prefix = "id") =>
  Array.from({ length: count }, (_, index) => answered(`${prefix}-${index}`));

describe("the recorder of predictions", () => {
  it("makes nothing of a prediction before the answer's turn is over", async () => {
    const { record, background, idsOf } = createSubject();
    let made = 0;
    record(
      answered("a", {
        answer: () => {
          made += 1;
          return {};
        },
      }),
    );
    expect(made).toBe(0);
    await background();
    expect(made).toBe(1);
    expect(await idsOf()).toEqual(["a"]);
  });

  it("writes a thousand in ten commands", async () => {
    const { record, background, sizes, recorder } = createSubject();
    record(...many(1_000));
    await background();
    expect(sizes).toEqual(Array.from({ length: 10 }, () => 100));
    expect(recorder.stats()).toEqual({ written: 1_000, pending: 0, failed_writes: 0, lost: 0 });
  });

  it("lets those that come during a write wait for the next, in one command", async () => {
    const { record, background, sizes, line } = createSubject();
    line.gate = createGate<void>();
    record(answered("a"));
    await settle();
    for (const one of many(5)) record(one);
    line.gate.open();
    await background();
    expect(sizes).toEqual([1, 5]);
  });

  it("keeps what could not be written, and writes it with the next prediction", async () => {
    const { record, background, line, recorder, events, idsOf } = createSubject();
    line.silent = true;
    record(answered("a"));
    await background();
    expect(recorder.stats()).toMatchObject({ written: 0, pending: 1, failed_writes: 1, lost: 0 });
    expect(events).toMatchObject([{ kind: "records_not_written", pending: 1 }]);
    line.silent = false;
    record(answered("b"));
    await background();
    expect((await idsOf()).sort()).toEqual(["a", "b"]);
    expect(recorder.stats().pending).toBe(0);
  });

  it("asks a silent store no more after three failures, until a pause is over", async () => {
    const { record, background, line, sizes, clock } = createSubject();
    line.silent = true;
    for (const one of many(10)) {
      record(one);
      await background();
    }
    expect(sizes).toEqual([1, 2, 3]);
    line.silent = false;
    await clock.advance(MINUTE_MS);
    record(answered("late"));
    await background();
    expect(sizes.at(-1)).toBe(11);
  });

  it("counts what there is no room for as lost", async () => {
    const { record, line, recorder } = createSubject();
    line.gate = createGate<void>();
    record(...many(5_003));
    expect(recorder.stats()).toMatchObject({ pending: 5_000, lost: 3 });
    line.gate.open();
    const heavy = createSubject();
    heavy.record(answered("a", { sizeBytes: 8_000_000 }), answered("b", { sizeBytes: 1_000_000 }));
    expect(heavy.recorder.stats()).toMatchObject({ pending: 1, lost: 1 });
  });

  it("tells of records on entities once they are written, and survives whoever hears it", async () => {
    const heard: string[] = [];
    const { record, background, recorder } = createSubject(async (records) => {
      heard.push(...records.map(({ id }) => id));
      throw new Error("planted");
    });
    record(answered("a", { entity: { type: "match", id: "1" } }), answered("b"));
    await background();
    expect(heard).toEqual(["a"]);
    expect(recorder.stats()).toMatchObject({ written: 2, failed_writes: 0 });
  });

  it("lets a stream wait until few records wait, a second at most", async () => {
    const { record, recorder, line, clock, context, background } = createSubject();
    line.gate = createGate<void>();
    record(...many(300));
    let isDrained = false;
    const drained = recorder.drain(context).then(() => {
      isDrained = true;
    });
    await clock.advance(5);
    expect(isDrained).toBe(false);
    line.gate.open();
    await background();
    await clock.advance(5);
    await drained;
    expect(recorder.stats().pending).toBe(0);

    const stuck = createSubject();
    stuck.line.gate = createGate<void>();
    stuck.record(...many(300));
    const given = stuck.recorder.drain(stuck.context);
    for (let ms = 0; ms <= 1_000; ms += 5) await stuck.clock.advance(5);
    await given;
    expect(stuck.recorder.stats().pending).toBe(300);
  });

  it("does not let a stream wait for a store that is left alone", async () => {
    const { record, recorder, line, background, context } = createSubject();
    line.silent = true;
    for (const one of many(3)) {
      record(one);
      await background();
    }
    record(...many(300, "more"));
    await recorder.drain(context);
    expect(recorder.stats().pending).toBe(303);
  });

  it("leaves out one that cannot be made, and writes the others", async () => {
    const { record, background, recorder, idsOf } = createSubject();
    const broken = () => {
      throw new Error("planted");
    };
    record(answered("a", { answer: broken }), answered("b"));
    await background();
    expect(await idsOf()).toEqual(["b"]);
    expect(recorder.stats()).toMatchObject({ written: 1, pending: 0, lost: 1 });
  });

  it("takes over from a request that was cut off in the middle of a write", async () => {
    const { record, background, line, clock, idsOf } = createSubject();
    line.gate = createGate<void>();
    record(answered("a"));
    await settle();
    // Nothing of the first request ever goes on.
    line.gate = undefined;
    await clock.advance(MINUTE_MS);
    record(answered("b"));
    await settle();
    await clock.advance(0);
    void background();
    await settle();
    expect((await idsOf()).sort()).toEqual(["a", "b"]);
  });
});

describe("a record", () => {
  const recordOf = async (more: Partial<AnsweredPrediction>) => {
    const subject = createSubject();
    subject.record(answered("one", more));
    await subject.background();
    return must(await subject.store.get(["one"], 1))[0]?.record;
  };

  it("has one input digest for rows of the same features in any order, and another for other values", async () => {
    const digests = [
      { b: 1, a: 2 },
      { a: 2, b: 1 },
      { a: 2, b: 1.5 },
    ].map(async (row) => {
      return (await recordOf({ inputs: () => ({ row }) }))?.input_digest;
    });
    const [first, same, other] = await Promise.all(digests);
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(same).toBe(first);
    expect(other).not.toBe(first);
  });

  it("has no inputs unless they are to be logged, and never huge ones", async () => {
    const policy = { rate: 1, ttlMs: 1_000, logsInputs: true };
    const tensors = [makeTensor("x", "FP32", [1, 2], Float32Array.of(1, 0.5))];
    expect((await recordOf({ inputs: () => ({ tensors }) }))?.inputs).toBeUndefined();
    const logged = await recordOf({ policy, inputs: () => ({ tensors }) });
    expect(logged?.inputs).toEqual([
      { name: "x", datatype: "FP32", shape: [1, 2], data: [1, 0.5] },
    ]);
    const huge = [makeTensor("x", "FP32", [1, 9_000], new Float32Array(9_000).fill(1 / 3))];
    const omitted = await recordOf({ policy, inputs: () => ({ tensors: huge }) });
    expect(omitted).toMatchObject({ inputs_omitted: true });
    expect(omitted?.inputs).toBeUndefined();
  });

  it("keeps no number that JSON has not", async () => {
    const odd = await recordOf({
      answer: () => ({
        value: Number.NaN,
        probabilities: { classes: ["x", "y"], values: [Number.NaN, 1] },
      }),
    });
    expect(odd?.output).toEqual({});
    expect(odd?.confidence).toBeUndefined();
  });

  it("tells of several rows at once only how many they were", async () => {
    expect(await recordOf({ answer: () => ({ rows: 7 }) })).toMatchObject({ rows: 7, output: {} });
  });
});
