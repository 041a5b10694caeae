import { describe, expect, it } from "vitest";
import { createNodeDigest } from "../../../infra/local/node-digest.ts";
import { createMemoryPredictionStore } from "../../../src/adapters/memory/prediction-store.ts";
import { fail } from "../../../src/core/model/result.ts";
import { makeTensor } from "../../../src/core/model/tensor.ts";
import type { FreshetEvent } from "../../../src/core/ports/events.ts";
import type { PredictionStore } from "../../../src/core/ports/prediction-store.ts";
import { PredictionRecorder } from "../../../src/core/quality/record-predictions.ts";
import type { AnsweredPrediction } from "../../../src/core/quality/records/make-record.ts";
import type { RecorderDeps } from "../../../src/core/quality/records/record-writer.ts";
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

const neverAgain = { done: new Promise<void>(() => undefined), cancel: () => undefined };

/** Lets the event loop turn, as digests need it, until something is so. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((done) => setImmediate(done));
}

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

  it("writes a thousand in two commands", async () => {
    const { record, background, sizes, recorder } = createSubject();
    record(...many(1_000));
    await background();
    expect(sizes).toEqual([500, 500]);
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

  it("makes the next whole command while one is on its way, and sends it only then", async () => {
    const { record, background, sizes, line, recorder } = createSubject();
    const made = new Set<string>();
    const watched = many(1_200).map((one) => ({
      ...one,
      answer: () => {
        made.add(one.id);
        return one.answer();
      },
    }));
    line.gate = createGate<void>();
    record(...watched);
    await until(() => made.size === 1_000);
    expect(sizes).toEqual([500]);
    line.gate.open();
    await background();
    // The last 200 are no whole command: more might have come while the second was on its way.
    expect(sizes).toEqual([500, 500, 200]);
    expect([made.size, recorder.stats().written]).toEqual([1_200, 1_200]);
  });

  it("waits with less than a whole command for what comes while one is on its way", async () => {
    const { record, background, sizes, line } = createSubject();
    line.gate = createGate<void>();
    record(...many(600));
    await until(() => sizes.length === 1);
    await settle();
    record(...many(5, "more"));
    line.gate.open();
    await background();
    expect(sizes).toEqual([500, 105]);
  });

  it("writes once more, each once, what was on its way and what was made meanwhile", async () => {
    const { record, background, line, recorder, idsOf } = createSubject();
    line.silent = true;
    record(...many(1_200));
    await background();
    expect(recorder.stats()).toMatchObject({ written: 0, pending: 1_200, failed_writes: 1 });
    line.silent = false;
    record(answered("last"));
    await background();
    expect(recorder.stats()).toMatchObject({ written: 1_201, pending: 0, lost: 0 });
    expect(new Set(await idsOf()).size).toBe(1_201);
  });

  it("makes nothing of what waits while a silent store is left alone", async () => {
    const { record, background, line } = createSubject();
    let made = 0;
    const watched = answered("a", {
      answer: () => {
        made += 1;
        return {};
      },
    });
    line.silent = true;
    record(watched);
    for (const one of many(6)) {
      await background();
      record(one);
    }
    await background();
    expect(made).toBe(3);
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

  it("loses none of many rows however fast they come, while the store takes some", async () => {
    const { recorder, context, line, clock, background } = createSubject();
    const clients = Array.from({ length: 8 }, (_, client) => `client-${client}`);
    line.gate = createGate<void>();
    const done: string[] = [];
    const asked = clients.map(async (client) => {
      const lost = await recorder.recordInTurn(context, many(1_000, client));
      done.push(client);
      return lost;
    });
    await clock.advance(5);
    expect(done).toEqual(["client-0", "client-1"]);
    expect(recorder.stats()).toMatchObject({ pending: 2_600, lost: 0 });
    line.gate.open();
    // Time goes on only by what the store takes, or when there is nothing to take.
    for (let seen = 0; done.length < 8; seen = recorder.stats().written) {
      await until(() => recorder.stats().written > seen || recorder.stats().pending === 0);
      await clock.advance(5);
    }
    expect(await Promise.all(asked)).toEqual(clients.map(() => []));
    // First come, first served.
    expect(done).toEqual(clients);
    await until(() => recorder.stats().pending === 0);
    await clock.advance(500);
    await background();
    expect(recorder.stats()).toEqual({ written: 8_000, pending: 0, failed_writes: 0, lost: 0 });
  });

  it("lets no row wait that comes alone, and tells whether there was room for it", async () => {
    const { recorder, context, line } = createSubject();
    line.gate = createGate<void>();
    expect(recorder.record(context, many(4_999))).toEqual([]);
    expect(recorder.record(context, [answered("last")])).toEqual([]);
    expect(recorder.record(context, [answered("one too many")])).toEqual(["one too many"]);
  });

  it("lets many rows wait for a store that says nothing two seconds at most, and tells what is lost", async () => {
    const { recorder, context, line, clock } = createSubject();
    line.gate = createGate<void>();
    recorder.record(context, many(4_800));
    let lost: readonly string[] | undefined;
    void recorder.recordInTurn(context, many(1_000, "more")).then((ids) => {
      lost = ids;
    });
    let waitedMs = 0;
    for (; lost === undefined && waitedMs < 60_000; waitedMs += 5) await clock.advance(5);
    expect(waitedMs).toBeGreaterThan(1_000);
    expect(waitedMs).toBeLessThanOrEqual(2_010);
    expect(lost).toEqual(
      many(1_000, "more")
        .slice(200)
        .map(({ id }) => id),
    );
    expect(recorder.stats()).toMatchObject({ pending: 5_000, lost: 800 });
  });

  it("does not hold up many rows by those whose request is gone", async () => {
    const { recorder, context, line, clock } = createSubject();
    line.gate = createGate<void>();
    recorder.record(context, many(2_600));
    // Its timers never fire again.
    const dead = { ...context, clock: { ...clock, after: () => neverAgain } };
    void recorder.recordInTurn(dead, many(100, "dead"));
    let isThere = false;
    void recorder.recordInTurn(context, many(100, "alive")).then(() => {
      isThere = true;
    });
    await settle();
    line.gate.open();
    line.gate = undefined;
    await until(() => recorder.stats().pending === 0);
    for (let ms = 0; ms <= 300; ms += 5) await clock.advance(5);
    expect(isThere).toBe(true);
  });

  it("lets many rows wait ten seconds at most for a store that is slow", async () => {
    const { recorder, context, line, clock, sizes } = createSubject();
    line.gate = createGate<void>();
    recorder.record(context, many(4_800));
    let isOver = false;
    void recorder.recordInTurn(context, many(1_000, "more")).then(() => {
      isOver = true;
    });
    // Each second one comes anew for each that goes.
    let waitedMs = 0;
    for (; !isOver && waitedMs < 60_000; waitedMs += 5) {
      if (waitedMs % 1_000 === 0) {
        const commands = waitedMs / 1_000;
        await until(() => sizes.length > commands);
        const { gate } = line;
        line.gate = createGate<void>();
        gate?.open();
        await until(() => recorder.stats().written === (commands + 1) * 500);
        recorder.record(context, many(500, `at-${waitedMs}`));
      }
      await clock.advance(5);
    }
    expect(waitedMs).toBeGreaterThan(9_000);
    expect(waitedMs).toBeLessThanOrEqual(10_010);
  });

  it("leaves nothing of many rows to a later prediction when whoever writes has no time left", async () => {
    const { recorder, context, line, clock, sizes } = createSubject();
    line.gate = createGate<void>();
    recorder.record(context, many(1_000));
    expect(await recorder.recordInTurn(context, many(300, "more"))).toEqual([]);
    await until(() => sizes.length === 1);
    // The first request has written for so long.
    await clock.advance(10_000);
    line.gate.open();
    await until(() => recorder.stats().written === 500);
    await clock.advance(500);
    await until(() => recorder.stats().pending === 0);
    expect(recorder.stats()).toEqual({ written: 1_300, pending: 0, failed_writes: 0, lost: 0 });
  });

  it("lets no row wait for a store that is left alone", async () => {
    const { record, recorder, line, background, context } = createSubject();
    line.silent = true;
    for (const one of many(3)) {
      record(one);
      await background();
    }
    record(...many(4_900, "more"));
    expect(await recorder.recordInTurn(context, many(200, "most"))).toHaveLength(103);
    expect(recorder.stats().pending).toBe(5_000);
  });

  it("answers whoever asks for a record once it is written, after a second at most", async () => {
    const { record, recorder, context, clock, line } = createSubject();
    record(answered("a"));
    let isWritten = false;
    void recorder.settle(context).then(() => {
      isWritten = recorder.stats().written === 1;
    });
    await until(() => recorder.stats().pending === 0);
    await clock.advance(5);
    expect(isWritten).toBe(true);
    line.gate = createGate<void>();
    record(answered("b"));
    let waitedMs = 0;
    const settled = recorder.settle(context).then(() => waitedMs);
    for (; waitedMs < 3_000; waitedMs += 5) await clock.advance(5);
    expect(await settled).toBeLessThanOrEqual(1_010);
  });

  it("lets whoever finishes an entity wait for records on it, and for no others", async () => {
    const { record, recorder, context, clock, line } = createSubject();
    line.gate = createGate<void>();
    record(answered("a", { entity: { type: "match", id: "m-1" } }), ...many(3));
    await recorder.settle(context, { type: "match", id: "m-2" });
    await recorder.settle(context, { type: "game", id: "m-1" });
    let isWritten = false;
    void recorder.settle(context, { type: "match", id: "m-1" }).then(() => {
      isWritten = recorder.stats().pending === 0;
    });
    await clock.advance(5);
    line.gate.open();
    await until(() => recorder.stats().pending === 0);
    await clock.advance(5);
    expect(isWritten).toBe(true);
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
    // Counted in bytes: these are fewer characters than 32 KB.
    const wide = await recordOf({ policy, inputs: () => ({ row: { a: "ü".repeat(17_000) } }) });
    expect(wide).toMatchObject({ inputs_omitted: true });
    expect(omitted?.inputs).toBeUndefined();
  });

  it("keeps no number that JSON has not", async () => {
    const odd = await recordOf({
      answer: () => ({
        value: Number.NaN,
        probabilities: { classes: ["x", "y"], values: [Number.NaN, 1] },
      }),
    });
    expect(odd?.output).toEqual({ exact_value: "NaN" });
    expect(odd?.confidence).toBeUndefined();
  });

  it("tells of several rows at once only how many they were", async () => {
    expect(await recordOf({ answer: () => ({ rows: 7 }) })).toMatchObject({ rows: 7, output: {} });
  });
});
