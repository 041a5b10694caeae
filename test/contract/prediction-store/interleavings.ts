import fc from "fast-check";
import { expect, it } from "vitest";
import { groupOf, type PredictionRecord } from "../../../src/core/model/prediction-record.ts";
import { fail } from "../../../src/core/model/result.ts";
import type { KeptPrediction, PredictionStore } from "../../../src/core/ports/prediction-store.ts";
import { addCounters } from "../../../src/core/quality/metrics/counters.ts";
import { predictionCounters } from "../../../src/core/quality/metrics/prediction-counters.ts";
import { scoreOutcome } from "../../../src/core/quality/metrics/score-outcome.ts";
import { setOutcome } from "../../../src/core/quality/set-outcome.ts";
import { must } from "../../support/must.ts";
import { aDraft, aRecord } from "../../support/records.ts";
import { DEADLINE_MS, type Subject } from "./subject.ts";

const RECORDS = 4;

/** `lost`: it was done, and the answer dropped. `cut`: it was never done, and that is not known. */
const line = fc.constantFrom("whole", "lost", "cut");
const which = fc.nat({ max: RECORDS - 1 });

const command = fc.oneof(
  fc.record({ kind: fc.constant("add" as const), ids: fc.array(which, { minLength: 1 }), line }),
  fc.record({
    kind: fc.constant("outcome" as const),
    id: which,
    value: fc.nat({ max: 2 }),
    replace: fc.boolean(),
    line,
  }),
);
type Command = typeof command extends fc.Arbitrary<infer C> ? C : never;

/**
 * Whatever predictions, outcomes, replacements, repetitions and crashes do at the same time, the
 * counters of a model are what a recount of its records gives.
 */
export function describeInterleavings(subject: Subject): void {
  it("leaves the counters equal to a recount from the records", { timeout: 120_000 }, async () => {
    let run = 0;
    const writers = fc.array(fc.array(command, { maxLength: 8 }), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(writers, async (plans) => {
        run += 1;
        const model = `${subject.model}-${run}`;
        await Promise.all(
          plans.map(async (plan) => {
            for (const one of plan) await carryOut(subject.store, model, one);
          }),
        );
        const page = must(await subject.store.list({ model, limit: 100 }, DEADLINE_MS));
        const counted = must(await subject.store.counters(model, "1970-01-01", DEADLINE_MS));
        const found = new Map(
          counted.map(({ group, counters }) => [JSON.stringify(group), counters]),
        );
        expect(found).toEqual(recount(page.items));
      }),
      { numRuns: 60 },
    );
  });
}

/** Two are regressions, on two days. */
function recordOf(model: string, index: number): PredictionRecord {
  const base = { id: `${model}-${index}`, model, at: `2026-11-2${index % 2}T10:00:00.000Z` };
  if (index < 2) return aRecord({ ...base, output: { value: 1e9 + index / 3 } });
  return aRecord({ ...base, output: { label: "0", probabilities: { 0: 0.7, 1: 0.2, 2: 0.1 } } });
}

async function carryOut(store: PredictionStore, model: string, one: Command): Promise<void> {
  if (one.kind === "add") {
    const drafts = [...new Set(one.ids)].map((index) => aDraft(recordOf(model, index)));
    if (one.line !== "cut") must(await store.add(drafts, Date.now(), DEADLINE_MS));
    // Nobody heard that it was done: it is sent again.
    if (one.line === "lost") must(await store.add(drafts, Date.now(), DEADLINE_MS));
    return;
  }
  const { id, value, replace } = one;
  const wish = { id: `${model}-${id}`, value: value / (id < 2 ? 3 : 1), replace };
  const told = await setOutcome({ predictions: onLine(store, one.line), clock: Date }, wish);
  if (one.line === "whole" || told.ok || told.failure.reason !== "redis_unavailable") return;
  await setOutcome({ predictions: store, clock: Date }, wish);
}

/** A store whose answer to a new outcome is dropped on the way, or its command. */
const onLine = (store: PredictionStore, state: Command["line"]): PredictionStore => ({
  ...store,
  async setOutcomes(...args) {
    if (state !== "cut") {
      const answer = await store.setOutcomes(...args);
      if (state === "whole") return answer;
    }
    return fail({ reason: "unreachable", detail: "the test cut the line" });
  },
});

function recount(records: readonly KeptPrediction[]) {
  const groups = new Map<string, Map<string, bigint>>();
  for (const { record, outcome } of records) {
    const key = JSON.stringify(groupOf(record));
    const sums = groups.get(key) ?? new Map<string, bigint>();
    groups.set(key, sums);
    addCounters(sums, predictionCounters(record));
    if (outcome !== undefined) {
      addCounters(sums, must(scoreOutcome(record, outcome.value)).counters);
    }
  }
  return groups;
}
