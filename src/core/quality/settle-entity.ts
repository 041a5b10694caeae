import { type Entity, MAX_READ_BYTES } from "../model/entity.ts";
import type { EntityKey, OutcomeValue, PredictionRecord } from "../model/prediction-record.ts";
import { fail, ok, type Result } from "../model/result.ts";
import type { KeptPrediction, RecordPlace } from "../ports/prediction-store.ts";
import type { SharedCacheFailure } from "../ports/shared-cache.ts";
import { ENTITY_DEADLINE_MS, type EntityDeps } from "./entities/entity-failure.ts";
import type { FinishedEntity } from "./entities/put-entities.ts";
import {
  applyOutcomes,
  type OutcomeDeps,
  type OutcomeFailure,
  STORE_DEADLINE_MS,
  unavailable,
} from "./set-outcome.ts";

/** What the store takes at once. */
const PAGE_SIZE = 50;
const MAX_FAILURES_TOLD = 20;

export type SettleDeps = Pick<OutcomeDeps, "predictions" | "clock" | "classesOf">;

export interface SettleWish {
  readonly value: OutcomeValue;
  readonly at?: string | undefined;
  /** Put it in the place of other values, too. */
  readonly replace?: boolean | undefined;
  /** `next` of a call that ran out of time. */
  readonly after?: RecordPlace | undefined;
  /** Milliseconds after which no other page is begun. */
  readonly budgetMs: number;
}

interface Unsettled {
  readonly prediction_id: string;
  readonly reason: string;
  readonly detail: string;
}

export interface Settled {
  /** Predictions that have the outcome now, those included that had it before. */
  readonly settled: number;
  readonly failed: number;
  /** The first of those that could not be settled, and why. */
  readonly failures: readonly Unsettled[];
  /** Where to go on; missing when all were looked at. */
  readonly next?: RecordPlace;
}

/**
 * Gives the outcome of a finished entity to every prediction on it. Idempotent and resumable: what
 * has the outcome already is left alone, so to begin again from the start is never wrong. Ends
 * with `redis_unavailable` where the store does not answer; what was settled before stays so.
 * Three round trips for each 50.
 */
export async function settleEntity(
  deps: SettleDeps,
  entity: EntityKey,
  wish: SettleWish,
): Promise<Result<Settled, OutcomeFailure>> {
  const endMs = deps.clock.now() + wish.budgetMs;
  const failures: Unsettled[] = [];
  let [settled, failed] = [0, 0];
  let place = wish.after;
  do {
    const query = { entity, after: place, limit: PAGE_SIZE };
    const page = await deps.predictions.listOnEntity(query, STORE_DEADLINE_MS);
    if (!page.ok) return unavailable(page.failure);
    const told = await settlePage(deps, page.value.items, wish);
    if (!told.ok) return told;
    settled += told.value.settled;
    failed += told.value.failures.length;
    failures.push(...told.value.failures.slice(0, MAX_FAILURES_TOLD - failures.length));
    place = page.value.next;
  } while (place !== undefined && deps.clock.now() < endMs);
  return ok({ settled, failed, failures, ...(place === undefined ? {} : { next: place }) });
}

async function settlePage(
  deps: SettleDeps,
  items: readonly KeptPrediction[],
  { value, at, replace }: SettleWish,
): Promise<
  Result<{ readonly settled: number; readonly failures: readonly Unsettled[] }, OutcomeFailure>
> {
  // What an earlier call has done costs nothing again.
  const open = items.filter(({ outcome }) => String(outcome?.value) !== String(value));
  const ready = open.map((kept, place) => {
    const { id } = kept.record;
    return { place, kept, wish: { id, value, at, replace } };
  });
  let settled = items.length - open.length;
  const failures: Unsettled[] = [];
  for (const [index, set] of (await applyOutcomes(deps, ready)).entries()) {
    if (set.ok) {
      settled += 1;
      continue;
    }
    const { reason, detail } = set.failure;
    if (reason === "redis_unavailable") return set;
    const id = open[index]?.record.id ?? "";
    if (reason !== "prediction_not_found") failures.push({ prediction_id: id, reason, detail });
  }
  return ok({ settled, failures });
}

/** Milliseconds that whoever finishes an entity waits for its predictions. */
const FINISH_BUDGET_MS = 10_000;

/**
 * Settles what was predicted on an entity that was just finished. Fails where that could not be
 * done to the end: the entity is then finished once more, which goes on where this stopped.
 */
export async function settleFinished(
  deps: SettleDeps,
  { type, id, outcome, replace }: FinishedEntity,
): Promise<Result<Settled, SharedCacheFailure>> {
  const wish = { value: outcome, replace, budgetMs: FINISH_BUDGET_MS };
  const settled = await settleEntity(deps, { type, id }, wish);
  if (settled.ok && settled.value.next === undefined) return settled;
  const why = settled.ok
    ? `${settled.value.settled} predictions on it are settled and there are more: send it again`
    : settled.failure.detail;
  const cause = settled.ok ? undefined : settled.failure;
  return fail({ reason: "unreachable", detail: why, cause });
}

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
  for (const [type, ids] of types) {
    let left = [...ids];
    while (left.length > 0) {
      const found = await deps.entities.getMany(type, left, ENTITY_DEADLINE_MS, MAX_READ_BYTES);
      if (!found.ok) break;
      left = left.slice(found.value.length);
      await settleFound(deps, found.value);
    }
  }
}

async function settleFound(
  deps: SettleDeps,
  entities: readonly (Entity | undefined)[],
): Promise<void> {
  for (const entity of entities) {
    if (entity?.outcome === undefined) continue;
    await settleEntity(deps, entity, { value: entity.outcome, budgetMs: FINISH_BUDGET_MS });
  }
}
