import { MAX_READ_BYTES } from "../model/entity.ts";
import { ok, type Result } from "../model/result.ts";
import type { UnsettledEntity } from "../ports/settling-store.ts";
import type { SharedCacheFailure } from "../ports/shared-cache.ts";
import { ENTITY_DEADLINE_MS, type EntityDeps } from "./entities/entity-failure.ts";
import { STORE_DEADLINE_MS } from "./set-outcome.ts";
import { finishingOf, type SettleDeps, settleEntity } from "./settle-entity.ts";

const ENTITIES_A_PASS = 50;
/** Milliseconds for one entity, before others have their turn. */
const TURN_MS = 5_000;

/**
 * Goes on with predictions that are still to learn what became of their entities: those that
 * finishing had no time for, and those whose isolate died in between. Done when nothing is left,
 * `untilMs` has come or the store does not answer; whoever comes next goes on from there. Callers
 * may overlap. A round trip for each 50 entities, one for each of them, and those of `settleEntity`.
 */
export async function settleUnsettled(
  deps: SettleDeps & EntityDeps,
  untilMs: number,
): Promise<Result<undefined, SharedCacheFailure>> {
  while (deps.clock.now() < untilMs) {
    const found = await deps.predictions.unsettled(ENTITIES_A_PASS, STORE_DEADLINE_MS);
    if (!found.ok) return found;
    let isStuck = true;
    for (const one of found.value) {
      if (deps.clock.now() >= untilMs) break;
      const moved = await settleOne(deps, one, untilMs);
      if (!moved.ok) return moved;
      if (moved.value) isStuck = false;
    }
    if (isStuck) break;
  }
  return ok(undefined);
}

/** Whether anything came of it. */
async function settleOne(
  deps: SettleDeps & EntityDeps,
  unsettled: UnsettledEntity,
  untilMs: number,
): Promise<Result<boolean, SharedCacheFailure>> {
  const { type, id } = unsettled.entity;
  const read = await deps.entities.getMany(type, [id], ENTITY_DEADLINE_MS, MAX_READ_BYTES);
  if (!read.ok) return read;
  const finishing = finishingOf(read.value[0]);
  if (finishing === undefined) {
    // Opened again, or deleted: its next finishing tells all of them.
    const forgotten = await deps.predictions.forgetUnsettled(unsettled, STORE_DEADLINE_MS);
    return forgotten.ok ? ok(true) : forgotten;
  }
  const turnMs = Math.min(untilMs, deps.clock.now() + TURN_MS);
  const settled = await settleEntity(deps, finishing, { untilMs: turnMs, again: false });
  return settled.ok ? ok(settled.value.looked > 0) : settled;
}
