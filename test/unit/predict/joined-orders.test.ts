import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Asked, answered, beginJoining, inShort } from "../../support/joining-stage.ts";
import type { RowEngineWays } from "../../support/row-engine.ts";

const value = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: -100, max: 100 }) },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY) },
);

/** `come`: a request; `fire`: the timers of one that waits; `leave`: a client goes. */
const deed = fc.oneof(
  fc.record({
    kind: fc.constant("come" as const),
    values: fc.array(value, { minLength: 1, maxLength: 3 }),
    rows: fc.constantFrom(1, 1, 1, 1, 2),
  }),
  fc.record({ kind: fc.constantFrom("fire" as const, "leave" as const), which: fc.nat() }),
);

const waysOf = fc.constantFrom<RowEngineWays>(
  {},
  {},
  {},
  { waits: true },
  { totals: true },
  { mostRows: 2 },
  { mostRows: 2, throws: true },
);

function alone(values: readonly number[], rows: number, totals = false): string {
  if (values.includes(Number.NaN)) return "rejected_input";
  if (values.includes(Number.POSITIVE_INFINITY)) return "engine_crashed";
  const sum = values.reduce((total, each) => total + each, 0);
  return totals ? `${rows * sum}` : new Array(rows).fill(sum).join(",");
}

describe("whatever comes in whatever order", () => {
  it("each answer is that of a run alone, soon after its own timer, and no run has too many rows", async () => {
    await fc.assert(
      fc.asyncProperty(
        waysOf,
        fc.integer({ min: 2, max: 5 }),
        fc.array(deed, { maxLength: 40 }),
        async (ways, most, deeds) => {
          const stage = await beginJoining(ways, { min_concurrency: 2, max_batch_size: most });
          const alive: { readonly asked: Asked; readonly rows: number }[] = [];
          const end = async (which: number) => {
            const [one] = alive.splice(which % alive.length, 1);
            if (one === undefined) return;
            // Only its own timers fire: an answer that waits for anybody else's never comes.
            expect(inShort(await answered(one.asked))).toBe(
              alone(one.asked.values, one.rows, ways.totals),
            );
          };
          for (const each of deeds) {
            if (each.kind === "come") {
              const { values, rows } = each;
              alive.push({ asked: stage.ask(values, { rows }), rows });
              await setImmediate();
            } else if (alive.length === 0) continue;
            else if (each.kind === "leave") alive.splice(each.which % alive.length, 1);
            else await end(each.which);
          }
          while (alive.length > 0) await end(0);
          for (const rows of stage.engine.runs) expect(rows).toBeLessThanOrEqual(most);
        },
      ),
      { numRuns: 150 },
    );
  });
});
