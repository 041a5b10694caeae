import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fail } from "../../../src/core/model/result.ts";
import type { Engine, EngineSession, RunFailure } from "../../../src/core/ports/engine.ts";
import { predictRows } from "../../../src/core/predict/rows/predict-rows.ts";
import { BATCH_ROWS, MAX_ENGINE_CRASHES } from "../../../src/core/predict/rows/run-rows.ts";
import { askRows, inWord, openSums, publishSums } from "../../support/ask-rows.ts";
import { type CountingEngine, createCountingEngine } from "../../support/counting-engine.ts";
import { createTestCore, type TestCore } from "../../support/test-core.ts";

/** A value on which a run fails. */
const BAD = -13;

/** The counting engine, failing on a bad value; after a crash its sessions are lost, as the real one's are. */
function createFailingEngine(reason: RunFailure["reason"]) {
  const inner: CountingEngine = createCountingEngine();
  let life = 0;
  let crashes = 0;
  const failing: Engine = {
    restart: () => inner.restart(),
    memory: () => inner.memory(),
    async open(model) {
      const opened = await inner.open(model);
      if (!opened.ok) return opened;
      const openedIn = life;
      const session: EngineSession = {
        ...opened.value,
        run(inputs, outputs) {
          if (openedIn !== life) return fail({ reason: "engine_lost", detail: "it is gone" });
          const ran = opened.value.run(inputs, outputs);
          if (!inputs.some(({ data }) => (data as Float32Array).includes(BAD))) return ran;
          if (reason === "engine_crashed") {
            life += 1;
            crashes += 1;
          }
          return fail({ reason, detail: "the test said so" });
        },
      };
      return { ok: true, value: session };
    },
  };
  return {
    engine: failing,
    crashes: () => crashes,
    opened: () => inner.opened,
    runs: () => inner.runs,
  };
}

async function start(reason: RunFailure["reason"]) {
  const failing = createFailingEngine(reason);
  const core = createTestCore({ engine: failing.engine });
  await publishSums(core);
  return { ...failing, core };
}

const rowsWith = (count: number, ...bad: readonly number[]) =>
  Array.from({ length: count }, (_, index) => ({ a: bad.includes(index) ? BAD : index, b: 0 }));

const wordsOf = async (core: TestCore, rows: readonly unknown[]) =>
  (await askRows(core, rows)).map(inWord);

describe("a row that crashes the engine", () => {
  it("is found at the price of two engines, and all others are answered", async () => {
    const { core, crashes, opened } = await start("engine_crashed");
    const rows = rowsWith(2 * BATCH_ROWS, 200);
    const expected = rows.map(({ a }) => (a === BAD ? "engine_crashed" : String(a + 1)));
    expect(await wordsOf(core, rows)).toEqual(expected);
    expect([crashes(), opened()]).toEqual([2, 3]);
  });

  it("and others like it are tried a few times only: the rows that are left say that they were not", async () => {
    const { core, crashes } = await start("engine_crashed");
    const words = await wordsOf(core, rowsWith(1_000, 3, 7, 11, 15, 500));
    const first = words.slice(0, 8);
    expect(first).toEqual(["1", "2", "3", "engine_crashed", "5", "6", "7", "engine_crashed"]);
    expect(new Set(words.slice(8))).toEqual(new Set(["not_tried"]));
    expect(words).toHaveLength(1_000);
    expect(crashes()).toBe(MAX_ENGINE_CRASHES);
  });

  it("costs a stream no more than a request, however many batches it has", async () => {
    const { core, crashes } = await start("engine_crashed");
    const open = await openSums(core, "sums", { keeps: false });
    const words: string[] = [];
    for (let first = 0; first < 10 * BATCH_ROWS; first += BATCH_ROWS) {
      const reading = { first, form: "rows", ignoresUnknown: false, isText: false } as const;
      const rows = rowsWith(BATCH_ROWS, 5);
      const answered = await predictRows(core.deps, core.context, open, rows, reading);
      words.push(...answered.results.map(inWord));
    }
    expect(crashes()).toBe(MAX_ENGINE_CRASHES);
    expect(words.filter((word) => word === "engine_crashed")).toHaveLength(1);
    expect(words.at(-1)).toBe("not_tried");
    // The next request begins anew.
    expect(await wordsOf(core, rowsWith(2))).toEqual(["1", "2"]);
  });

  it("never costs more than its bound, and no row is answered by another's values", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 2, maxLength: 600 }), async (isBad) => {
        const { core, crashes } = await start("engine_crashed");
        const rows = isBad.map((bad, index) => ({ a: bad ? BAD : index, b: 0 }));
        const words = await wordsOf(core, rows);
        expect(crashes()).toBeLessThanOrEqual(MAX_ENGINE_CRASHES);
        for (const [index, word] of words.entries()) {
          const allowed = isBad[index]
            ? ["engine_crashed", "not_tried"]
            : [String(index + 1), "not_tried"];
          expect(allowed).toContain(word);
        }
      }),
      { numRuns: 40 },
    );
  });
});

it("a row that has no memory is found by halving, in the same engine", async () => {
  const { core, opened, runs } = await start("out_of_memory");
  const rows = rowsWith(BATCH_ROWS, 200);
  const expected = rows.map(({ a }) => (a === BAD ? "input_too_large" : String(a + 1)));
  expect(await wordsOf(core, rows)).toEqual(expected);
  expect([opened(), runs()]).toEqual([1, 1 + 2 * Math.log2(BATCH_ROWS)]);
});
