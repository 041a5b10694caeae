import fc from "fast-check";
import { expect, it } from "vitest";
import {
  groupOf,
  type OutcomeValue,
  type PredictionRecord,
} from "../../../src/core/model/prediction-record.ts";
import { fail, type Result } from "../../../src/core/model/result.ts";
import type { KeptPrediction, PredictionStore } from "../../../src/core/ports/prediction-store.ts";
import type { Finishing } from "../../../src/core/ports/settling-store.ts";
import type { SharedCacheFailure } from "../../../src/core/ports/shared-cache.ts";
import { addCounters } from "../../../src/core/quality/metrics/counters.ts";
import { predictionCounters } from "../../../src/core/quality/metrics/prediction-counters.ts";
import { scoreOutcome } from "../../../src/core/quality/metrics/score-outcome.ts";
import { setOutcome } from "../../../src/core/quality/set-outcome.ts";
import { settleEntity } from "../../../src/core/quality/settle-entity.ts";
import { must } from "../../support/must.ts";
import { aDraft, aRecord } from "../../support/records.ts";
import { DEADLINE_MS, type Subject } from "./subject.ts";

const RECORDS = 6;

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
  // Of two entities: those of the records with an even and with an odd number. "none" is a class of none.
  fc.record({
    kind: fc.constant("finish" as const),
    entity: fc.nat({ max: 1 }),
    value: fc.constantFrom<OutcomeValue>(0, 1, 2, "none"),
    hasTime: fc.boolean(),
    line,
  }),
);
type Command = typeof command extends fc.Arbitrary<infer C> ? C : never;

/** What the entities of one run are by now. */
interface Stage {
  readonly store: PredictionStore;
  readonly model: string;
  readonly finished: Map<number, Finishing>;
  rev: number;
}

/**
 * Whatever predictions, outcomes, replacements, finishing entities in one way and another,
 * repetitions and crashes do at the same time, the counters of a model are what a recount of its
 * records gives; and once everybody has gone on to the end, what nobody recorded by hand is what the
 * entity is at last.
 */
export function describeInterleavings(subject: Subject): void {
  it("leaves the counters equal to a recount from the records", { timeout: 120_000 }, async () => {
    let run = 0;
    const writers = fc.array(fc.array(command, { maxLength: 8 }), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(writers, async (plans) => {
        run += 1;
        const model = `${subject.model}-${run}`;
        const store = byOnes(subject.store);
        const stage: Stage = { store, model, finished: new Map(), rev: run * 1_000 };
        await Promise.all(
          plans.map(async (plan) => {
            for (const one of plan) await carryOut(stage, one);
          }),
        );
        await expectRecount(stage);
        for (const finishing of stage.finished.values()) {
          const { counts } = must(await settleAll(store, finishing));
          expect(counts.pending).toBe(0);
        }
        await expectRecount(stage);
        await expectFollowed(stage);
      }),
      { numRuns: 60 },
    );
  });
}

async function expectRecount({ store, model }: Stage): Promise<void> {
  const page = must(await store.list({ model, limit: 100 }, DEADLINE_MS));
  const counted = must(await store.counters(model, "1970-01-01", DEADLINE_MS));
  const found = new Map(counted.map(({ group, counters }) => [JSON.stringify(group), counters]));
  expect(found).toEqual(recount(page.items));
}

async function expectFollowed({ store, model, finished }: Stage): Promise<void> {
  const page = must(await store.list({ model, limit: 100 }, DEADLINE_MS));
  for (const { record, outcome } of page.items) {
    const finishing = finished.get(Number(record.entity?.id.split(":")[1]));
    if (finishing === undefined) expect(outcome?.by).toBeUndefined();
    if (finishing === undefined || (outcome !== undefined && outcome.by === undefined)) continue;
    const scored = scoreOutcome(record, finishing.value);
    expect(outcome?.value).toBe(scored.ok ? scored.value.value : undefined);
  }
}

const settleAll = (store: PredictionStore, finishing: Finishing, untilMs = Date.now() + 60_000) =>
  settleEntity({ predictions: store, clock: Date }, finishing, { untilMs, again: false });

/** Two are regressions, on two days; each is on one of two entities. */
function recordOf(model: string, index: number): PredictionRecord {
  const entity = { type: "match", id: `${model}:${index % 2}` };
  const at = `2026-11-2${index < 2 ? index : 0}T10:00:00.000Z`;
  const base = { id: `${model}-${index}`, model, at, entity };
  if (index < 2) return aRecord({ ...base, output: { value: 1e9 + index / 3 } });
  return aRecord({ ...base, output: { label: "0", probabilities: { 0: 0.7, 1: 0.2, 2: 0.1 } } });
}

async function carryOut(stage: Stage, one: Command): Promise<void> {
  const { store, model } = stage;
  if (one.kind === "finish") {
    stage.rev += 1;
    const entity = { type: "match", id: `${model}:${one.entity}` };
    const finishing = { entity, rev: stage.rev, value: one.value };
    stage.finished.set(one.entity, finishing);
    const untilMs = one.hasTime ? undefined : 0;
    const told = await settleAll(onLine(store, one.line), finishing, untilMs);
    expect(told.ok || one.line !== "whole").toBe(true);
    return;
  }
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

/** A store whose answer to new outcomes is dropped on the way, or its command. */
const onLine = (store: PredictionStore, state: Command["line"]): PredictionStore => ({
  ...store,
  setOutcomes: (...args) => sendOn(state, () => store.setOutcomes(...args)),
  settle: (...args) => sendOn(state, () => store.settle(...args)),
});

/** A store that hands out one prediction at a time, so that all else comes in between. */
const byOnes = (store: PredictionStore): PredictionStore => ({
  ...store,
  nextToSettle: (finishing, how, ...rest) =>
    store.nextToSettle(finishing, { ...how, limit: 1 }, ...rest),
  settle: (settling, changes, _how, ...rest) =>
    store.settle(settling, changes, { limit: 1 }, ...rest),
});

async function sendOn<T>(
  state: Command["line"],
  send: () => Promise<Result<T, SharedCacheFailure>>,
): Promise<Result<T, SharedCacheFailure>> {
  if (state !== "cut") {
    const answer = await send();
    if (state === "whole") return answer;
  }
  return fail({ reason: "unreachable", detail: "the test cut the line" });
}

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
