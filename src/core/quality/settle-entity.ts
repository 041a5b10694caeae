import { type Entity, MAX_READ_BYTES } from "../model/entity.ts";
import type { PredictionRecord } from "../model/prediction-record.ts";
import { ok, type Result } from "../model/result.ts";
import type {
  Finishing,
  SettleChange,
  SettleTotals,
  WaitingPrediction,
} from "../ports/settling-store.ts";
import type { SharedCacheFailure } from "../ports/shared-cache.ts";
import { ENTITY_DEADLINE_MS, type EntityDeps } from "./entities/entity-failure.ts";
import type { FinishedEntity } from "./entities/put-entities.ts";
import type { PredictionCounts } from "./prediction-counts.ts";
import { scoreKept } from "./score-kept.ts";
import { type OutcomeDeps, STORE_DEADLINE_MS } from "./set-outcome.ts";

/** What the store takes at once. */
const PAGE_SIZE = 100;

export type SettleDeps = Pick<OutcomeDeps, "predictions" | "clock" | "classesOf">;

export interface HowToSettle {
  /** By the clock: then no other page is begun. */
  readonly untilMs: number;
  /** Look once more at what conflicted or was invalid. */
  readonly again: boolean;
}

/** What one call has done. */
export interface Settled {
  readonly counts: PredictionCounts;
  /** How many it has looked at. */
  readonly looked: number;
}

/**
 * Brings the outcome of a finished entity to the predictions on it. What an earlier outcome of the
 * entity gave them is replaced, or taken out where the new one is invalid; what somebody recorded
 * for themselves stays. Each prediction is looked at once an outcome, whoever does it: a call goes
 * on where others stopped, and the last finishing counts in whatever order calls come.
 * Ends with a failure where the store does not answer; what was settled before stays so.
 * A round trip, and one for each 100 predictions that are to be looked at.
 */
export async function settleEntity(
  deps: SettleDeps,
  finishing: Finishing,
  { untilMs, again }: HowToSettle,
): Promise<Result<Settled, SharedCacheFailure>> {
  const { predictions, clock } = deps;
  const how = { limit: PAGE_SIZE, again };
  const first = await predictions.nextToSettle(finishing, how, clock.now(), STORE_DEADLINE_MS);
  if (!first.ok) return first;
  const { round } = first.value;
  let { waiting, totals } = first.value;
  let [changed, looked] = [0, 0];
  while (round !== undefined && waiting.length > 0 && clock.now() < untilMs) {
    const changes = await changesOf(deps, finishing, waiting);
    const settling = { entity: finishing.entity, round };
    const now = clock.now();
    const step = await predictions.settle(settling, changes, how, now, STORE_DEADLINE_MS);
    if (!step.ok) return step;
    changed += step.value.changed;
    looked += waiting.length;
    ({ waiting, totals } = step.value);
  }
  return ok({ counts: countsOf(totals, changed), looked });
}

/** Others may have changed some of the settled meanwhile: they count as those that had it. */
function countsOf({ settled, ...rest }: SettleTotals, changed: number): PredictionCounts {
  const mine = Math.min(changed, settled);
  return { settled: mine, unchanged: settled - mine, ...rest };
}

async function changesOf(
  deps: SettleDeps,
  { value }: Finishing,
  waiting: readonly WaitingPrediction[],
): Promise<readonly SettleChange[]> {
  const at = new Date(deps.clock.now()).toISOString();
  const changes: SettleChange[] = [];
  for (const { id, record } of waiting) {
    const isGone = record === undefined;
    changes.push(isGone ? { kind: "gone", id } : await changeOf(deps, record, value, at));
  }
  return changes;
}

async function changeOf(
  deps: SettleDeps,
  record: PredictionRecord,
  given: Finishing["value"],
  at: string,
): Promise<SettleChange> {
  const scored = await scoreKept(deps, record, given);
  if (!scored.ok) return { kind: "invalid", record };
  const { value, counters } = scored.value;
  return { kind: "set", record, value, at, counters };
}

/** Settles what was predicted on an entity that was just finished; see `settleEntity`. */
export async function settleFinished(
  deps: SettleDeps,
  { type, id, outcome, rev, untilMs }: FinishedEntity,
): Promise<Result<PredictionCounts, SharedCacheFailure>> {
  const finishing = { entity: { type, id }, rev, value: outcome };
  const settled = await settleEntity(deps, finishing, { untilMs, again: true });
  return settled.ok ? ok(settled.value.counts) : settled;
}

/** Milliseconds that those who wrote a record may spend on its entity. */
const LATE_BUDGET_MS = 10_000;

/**
 * Settles what was recorded on entities that had been finished before: a record is written a
 * moment after its answer, and whoever finished the entity may not have seen it. A round trip for
 * each type, more where entities are large, and those of `settleEntity` for each finished entity.
 */
export async function settleLate(
  deps: SettleDeps & EntityDeps,
  records: readonly PredictionRecord[],
): Promise<void> {
  const types = new Map<string, Set<string>>();
  for (const { entity } of records) {
    if (entity === undefined) continue;
    types.set(entity.type, (types.get(entity.type) ?? new Set()).add(entity.id));
  }
  const untilMs = deps.clock.now() + LATE_BUDGET_MS;
  for (const [type, ids] of types) {
    let left = [...ids];
    while (left.length > 0) {
      const found = await deps.entities.getMany(type, left, ENTITY_DEADLINE_MS, MAX_READ_BYTES);
      if (!found.ok) break;
      left = left.slice(found.value.length);
      for (const entity of found.value) {
        const finishing = finishingOf(entity);
        if (finishing) await settleEntity(deps, finishing, { untilMs, again: false });
      }
    }
  }
}

/** `undefined` for one that is not finished, or not there. */
export function finishingOf(entity: Entity | undefined): Finishing | undefined {
  if (entity?.outcome === undefined) return undefined;
  const { type, id, rev, outcome: value } = entity;
  return { entity: { type, id }, rev, value };
}
