import { fail } from "../../model/result.ts";
import type { EntityStore } from "../../ports/entity-store.ts";
import type { SharedCacheFailure } from "../../ports/shared-cache.ts";

/** Why one entity was not changed. `settling_failed`: it was, and is to be sent again. */
export interface EntityRefusal {
  readonly reason:
    | "entity_finished"
    | "entity_not_found"
    | "precondition_failed"
    | "revision_conflict"
    | "settling_failed";
  readonly detail: string;
  readonly cause?: unknown;
}

export type EntityFailure = EntityRefusal | SharedCacheFailure;

export interface EntityDeps {
  readonly entities: EntityStore;
}

/** Milliseconds for one round trip: a caller waits for a write to be kept. */
export const ENTITY_DEADLINE_MS = 5_000;

/** Of writers of the same entity, one gets through at each try. */
export const MAX_TRIES = 50;

export const changedMeanwhile = () =>
  fail({
    reason: "precondition_failed",
    detail: "the entity is not the one of the condition any more: read it again, decide again",
  });

export const neverAlone = () =>
  fail({
    reason: "revision_conflict",
    detail: `others changed the entity at each of ${MAX_TRIES} tries: send it again`,
  });

export const notFound = (type: string, id: string) =>
  fail({ reason: "entity_not_found", detail: `there is no '${type}' of the id '${id}'` });
