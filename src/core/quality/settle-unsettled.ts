import { MAX_READ_BYTES } from "../model/entity.ts";
import { ok, type Result } from "../model/result.ts";
import type { UnsettledEntity } from "../ports/settling-store.ts";
import type { SharedCacheFailure } from "../ports/shared-cache.ts";
import { ENTITY_DEADLINE_MS, type EntityDeps } from "./entities/entity-failure.ts";
import { STORE_DEADLINE_MS } from "./set-outcome.ts";
import { finishingOf, type SettleDeps, type Settled, settleEntity } from "./settle-entity.ts";

const ENTITIES_A_PASS = 50;
/** Milliseconds for one entity, before others have their turn. */
const TURN_MS = 5_000;

/** What one run of it did. */
export interface SettledReport {
  /** Entities whose predictions were looked at. */
  readonly entities: number;
  /** Predictions that have another outcome than before. */
  readonly predictions: number;
  /** Nothing waits any more. */
  readonly done: boolean;
  /** Why it stopped before that, unless its time was over. */
  readonly failure?: { readonly reason: string; readonly detail: string };
}

/**
 * Goes on with predictions that are still to learn what became of their entities: those that
 * finishing had no time for, and those whose isolate died in between. Done when nothing is left,
 * `untilMs` has come or the store does not answer; whoever comes next goes on from there. Callers
 * may overlap. A round trip for each 50 entities, one for each of them, and those of `settleEntity`.
 */
export async function settleUnsettled(
  deps: SettleDeps & EntityDeps,
  untilMs: number,
): Promise<SettledReport> {
  const tally = { entities: 0, predictions: 0 };
  while (deps.clock.now() < untilMs) {
    const found = await deps.predictions.unsettled(ENTITIES_A_PASS, STORE_DEADLINE_MS);
    if (found.ok && found.value.length === 0) return { ...tally, done: true };
    const moved = found.ok ? await settleSome(deps, found.value, untilMs, tally) : found;
    if (!moved.ok) {
      const { detail } = moved.failure;
      return { ...tally, done: false, failure: { reason: "redis_unavailable", detail } };
    }
    if (!moved.value) break;
  }
  return { ...tally, done: false };
}

/** Whether anything came of it. */
async function settleSome(
  deps: SettleDeps & EntityDeps,
  found: readonly UnsettledEntity[],
  untilMs: number,
  tally: { entities: number; predictions: number },
): Promise<Result<boolean, SharedCacheFailure>> {
  let isStuck = true;
  for (const one of found) {
    if (deps.clock.now() >= untilMs) break;
    const settled = await settleOne(deps, one, untilMs);
    if (!settled.ok) return settled;
    if (settled.value !== "nothing") isStuck = false;
    if (typeof settled.value === "string") continue;
    tally.entities += 1;
    tally.predictions += settled.value.counts.settled;
  }
  return ok(!isStuck);
}

/** `forgotten`: there is nothing to tell, and nobody is asked again. `nothing`: nothing came of it. */
async function settleOne(
  deps: SettleDeps & EntityDeps,
  unsettled: UnsettledEntity,
  untilMs: number,
): Promise<Result<Settled | "forgotten" | "nothing", SharedCacheFailure>> {
  const { type, id } = unsettled.entity;
  const read = await deps.entities.getMany(type, [id], ENTITY_DEADLINE_MS, MAX_READ_BYTES);
  if (!read.ok) return read;
  const finishing = finishingOf(read.value[0]);
  if (finishing === undefined) {
    // Opened again, or deleted: its next finishing tells all of them.
    const forgotten = await deps.predictions.forgetUnsettled(unsettled, STORE_DEADLINE_MS);
    return forgotten.ok ? ok("forgotten") : forgotten;
  }
  const turnMs = Math.min(untilMs, deps.clock.now() + TURN_MS);
  const settled = await settleEntity(deps, finishing, { untilMs: turnMs, again: false });
  return settled.ok && settled.value.looked === 0 ? ok("nothing") : settled;
}
