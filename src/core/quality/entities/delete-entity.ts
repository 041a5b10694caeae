import { ok, type Result } from "../../model/result.ts";
import { type EntityCondition, holds } from "./condition.ts";
import {
  changedMeanwhile,
  ENTITY_DEADLINE_MS,
  type EntityDeps,
  type EntityFailure,
  MAX_TRIES,
  neverAlone,
} from "./entity-failure.ts";
import { readEntity } from "./read-entity.ts";

/** Deletes an entity, open or finished. Two round trips. One that is not there is `entity_not_found`. */
export async function deleteEntity(
  deps: EntityDeps,
  type: string,
  id: string,
  condition: EntityCondition = "any",
): Promise<Result<undefined, EntityFailure>> {
  for (let attempt = 0; attempt < MAX_TRIES; attempt += 1) {
    const read = await readEntity(deps, type, id);
    if (!read.ok) return read;
    const { rev } = read.value;
    if (!holds(condition, rev)) return changedMeanwhile();
    const write = { id, expectedRev: rev, content: undefined };
    const swapped = await deps.entities.swapMany(type, [write], ENTITY_DEADLINE_MS);
    if (!swapped.ok) return swapped;
    if (swapped.value[0] !== undefined) return ok(undefined);
  }
  return neverAlone();
}
