import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makeTensor } from "../../../src/core/model/tensor.ts";
import { BATCH_ROWS } from "../../../src/core/predict/rows/run-rows.ts";
import { ask } from "../../support/ask.ts";
import { askRows, inWord, openSums, publishSums } from "../../support/ask-rows.ts";
import { createCountingEngine } from "../../support/counting-engine.ts";
import { createTestCore, type TestCoreOptions } from "../../support/test-core.ts";

async function start(options: TestCoreOptions = {}, manifest: Record<string, unknown> = {}) {
  const core = createTestCore(options);
  await publishSums(core, manifest);
  return core;
}

/** Values that the engine refuses (NaN), that no row may have, and those in between. */
const row = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.nat(3), fc.nat(3)).map(([a, b]) => ({ a, b })) },
  { weight: 1, arbitrary: fc.constant({ a: "NaN", b: 1 }) },
  fc.constantFrom<unknown>({ a: 1 }, { a: 1, b: null }, { a: 1, b: "x" }, [1, 2, 3], 7, null),
);

describe("rows asked for together", () => {
  it("are answered as each would be alone, in their order, good and bad and kept ones", async () => {
    const core = await start({ predictions: {}, maxBytes: 1_000 });
    const plain = await start();
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 20 }), async (rows) => {
        const together = (await askRows(core, rows)).map(inWord);
        const alone = [];
        for (const one of rows) alone.push(...(await askRows(plain, [one])).map(inWord));
        expect(together.map((word) => word.replace(" kept", ""))).toEqual(alone);
      }),
      { numRuns: 60 },
    );
  });

  it("run in as few batches as may be", async () => {
    const core = await start();
    const rows = Array.from({ length: 2 * BATCH_ROWS + 1 }, (_, index) => ({ a: index, b: 0 }));
    const results = await askRows(core, rows);
    expect(results.map(inWord)).toEqual(rows.map(({ a }) => String(a + 1)));
    expect(core.fake.runs).toBe(3);
  });

  it("fail alone when the graph refuses one of them", async () => {
    const core = await start();
    const rows = Array.from({ length: 64 }, (_, a) => ({ a: a === 41 ? "NaN" : a, b: 0 }));
    const results = await askRows(core, rows);
    const expected = rows.map(({ a }) => (a === "NaN" ? "rejected_input" : String(Number(a) + 1)));
    expect(results.map(inWord)).toEqual(expected);
    // Once for all, then two for each halving.
    expect(core.fake.runs).toBe(1 + 2 * Math.log2(64));
  });

  it("all fail by one try, when the version cannot be had any more", async () => {
    const core = await start({ predictions: {} });
    const rows = Array.from({ length: BATCH_ROWS + 1 }, (_, a) => ({ a, b: 0 }));
    const [first] = await askRows(core, rows.slice(0, 1));
    expect(first && inWord(first)).toBe("1");
    core.deps.models.makeRoom(core.deps.models.maxBytes);
    core.story();
    core.fake.failNext("invalid_model");
    const words = (await askRows(core, rows)).map(inWord);
    // The one that is kept needs nobody.
    expect(words[0]).toBe("1 kept");
    expect(new Set(words.slice(1))).toEqual(new Set(["model_unavailable"]));
    expect(core.story().filter((line) => line.startsWith("open"))).toEqual([
      "open 1: invalid_model",
    ]);
  });

  it("are all of one version, where an alias has several", async () => {
    const core = await start();
    let draws = 0;
    const open = await openSums(core, "sums@both", {
      stickiness: () => ({ random: () => (draws++ === 0 ? 0.9 : 0) }),
    });
    expect([open.version.version, open.route]).toEqual(["2", "both:2"]);
  });

  it("of a model whose answers have no rows run one by one", async () => {
    const engine = createCountingEngine();
    const odd = {
      ...engine,
      async open(model: Uint8Array<ArrayBuffer>) {
        const opened = await engine.open(model);
        if (!opened.ok) return opened;
        const { run } = opened.value;
        const session = {
          ...opened.value,
          // The sum over all rows, a scalar.
          async run(...given: Parameters<typeof run>) {
            const ran = await run(...given);
            if (!ran.ok || ran.value[0]?.datatype !== "FP32") return ran;
            const sum = ran.value[0].data.reduce((total, value) => total + value, 0);
            return {
              ok: true as const,
              value: [makeTensor("sum", "FP32", [], Float32Array.of(sum))],
            };
          },
        };
        return { ok: true as const, value: session };
      },
    };
    const core = await start({ engine: odd });
    const results = await askRows(core, [
      { a: 1, b: 1 },
      { a: 2, b: 2 },
    ]);
    expect(results.map(inWord)).toEqual(["3", "5"]);
  });
});

describe("kept answers of rows", () => {
  it("need no run, and the others run together", async () => {
    const core = await start({ predictions: {} });
    const rows = (...values: readonly number[]) => values.map((a) => ({ a, b: 0 }));
    expect((await askRows(core, rows(1, 2))).map(inWord)).toEqual(["2", "3"]);
    expect((await askRows(core, rows(2, 3, 1, 4))).map(inWord)).toEqual([
      "3 kept",
      "4",
      "2 kept",
      "5",
    ]);
    expect(core.fake.runs).toBe(2);
    expect((await askRows(core, rows(4, 3, 2, 1))).map(inWord)).toEqual([
      "5 kept",
      "4 kept",
      "3 kept",
      "2 kept",
    ]);
    expect(core.fake.runs).toBe(2);
  });

  it("are counted as one request's hit, and wrong rows as nothing", async () => {
    const core = await start({ predictions: {} });
    const rows = [
      { a: 1, b: 0 },
      { a: 2, b: 0 },
    ];
    const counts = () => {
      const { success, cacheHit, cacheMiss } = core.deps.statistics.page("sums", "1");
      return [success.count, cacheHit.count, cacheMiss.count];
    };
    await askRows(core, rows);
    expect(counts()).toEqual([1, 0, 1]);
    await askRows(core, rows);
    expect(counts()).toEqual([2, 1, 1]);
    await askRows(core, [7, 8]);
    expect(counts()).toEqual([2, 1, 1]);
  });

  it("are those of tensors, and the other way round", async () => {
    const core = await start({ predictions: {} });
    const tensor = (a: number) => makeTensor("x", "FP32", [1, 2], Float32Array.of(a, 0));
    await ask(core, "sums", { inputs: [tensor(1)] });
    const kept = await askRows(core, [
      { a: 1, b: 0 },
      { a: 2, b: 0 },
    ]);
    expect(kept.map(inWord)).toEqual(["2 kept", "3"]);
    const answer = await ask(core, "sums", { inputs: [tensor(2)] });
    expect(answer).toMatchObject({ ok: true, value: { cached: { tier: "isolate" } } });
    expect((await askRows(core, [{ a: 2, b: 0 }])).map(inWord)).toEqual(["3 kept"]);
    expect(core.fake.runs).toBe(2);
  });

  it("run equal rows once", async () => {
    const engine = createCountingEngine();
    const seen: number[] = [];
    const core = await start({
      predictions: {},
      engine: {
        ...engine,
        async open(model) {
          const opened = await engine.open(model);
          if (!opened.ok) return opened;
          const { run } = opened.value;
          const session = {
            ...opened.value,
            run(...given: Parameters<typeof run>) {
              seen.push(given[0][0]?.shape[0] ?? 0);
              return run(...given);
            },
          };
          return { ok: true, value: session };
        },
      },
    });
    const equal = { a: 1, b: 0 };
    const results = await askRows(core, [equal, { a: 2, b: 0 }, equal, equal]);
    expect(results.map(inWord)).toEqual(["2", "3", "2", "2"]);
    expect(seen).toEqual([2]);
  });

  it("are made anew past their time, and answered when that fails", async () => {
    const engine = createCountingEngine();
    const core = await start({ predictions: { ttlMs: 1_000, staleMs: 60_000 }, engine });
    const rows = [
      { a: 1, b: 0 },
      { a: 2, b: 0 },
    ];
    await askRows(core, rows);
    await core.clock.advance(2_000);
    expect((await askRows(core, rows)).map(inWord)).toEqual(["2", "3"]);
    expect(engine.runs).toBe(2);
    await core.clock.advance(2_000);
    engine.failRuns("rejected_input");
    expect((await askRows(core, rows)).map(inWord)).toEqual(["2 kept", "3 kept"]);
  });

  it.each([
    ["no-cache", 2, "2 kept"],
    ["no-store", 2, "2 kept"],
    ["any", 1, "2 kept"],
  ] as const)("are let be with %s", async (cacheWish, runs, after) => {
    const core = await start({ predictions: {} });
    const rows = [
      { a: 1, b: 0 },
      { a: 2, b: 0 },
    ];
    await askRows(core, rows);
    await askRows(core, rows, { cacheWish });
    expect(core.fake.runs).toBe(runs);
    expect((await askRows(core, rows)).map(inWord)[0]).toBe(after);
  });

  it("are answered to a stream, which keeps none of its own", async () => {
    const core = await start({ predictions: {} });
    const rows = [
      { a: 1, b: 0 },
      { a: 2, b: 0 },
    ];
    await askRows(core, rows.slice(0, 1));
    expect((await askRows(core, rows, { keeps: false })).map(inWord)).toEqual(["2 kept", "3"]);
    expect((await askRows(core, rows)).map(inWord)).toEqual(["2 kept", "3"]);
  });

  it("are dropped when the cache was cleared while they ran", async () => {
    let open: () => void = () => undefined;
    const engine = createCountingEngine();
    const core = await start({ predictions: {}, engine });
    const rows = [
      { a: 1, b: 0 },
      { a: 2, b: 0 },
    ];
    await openSums(core);
    engine.hold(
      new Promise((resolve) => {
        open = resolve;
      }),
    );
    const asked = askRows(core, rows);
    await core.clock.advance(0);
    core.deps.predictions?.clear();
    open();
    expect((await asked).map(inWord)).toEqual(["2", "3"]);
    engine.hold();
    expect((await askRows(core, rows)).map(inWord)).toEqual(["2", "3"]);
  });
});
