import { type Entity, jsonBytes } from "../../model/entity.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { SharedCacheFailure } from "../../ports/shared-cache.ts";
import type { EntityFailure } from "./entity-failure.ts";
import type { EntityPut } from "./plan-puts.ts";
import {
  type PutEntitiesDeps,
  type PutEntity,
  putEntities,
  SETTLE_BUDGET_MS,
} from "./put-entities.ts";

/** What became of one of many, without its features: those of all would be too much to hold. */
export type PutLine = Pick<Entity, "state" | "rev"> & Pick<PutEntity, "created" | "predictions">;

/** A request to Redis may have 1 MB on small plans; text within JSON grows by its quotes. */
const MAX_BATCH_BYTES = 300 * 1024;
const MAX_BATCH_PUTS = 200;

/**
 * As `putEntities`, of any number: a batch at a time, each of them a write or, of large entities, several. Once Redis does
 * not answer, the batch and all after it fail one by one; when it is the first, the whole fails.
 */
export async function putInBatches(
  deps: PutEntitiesDeps,
  type: string,
  puts: readonly EntityPut[],
): Promise<Result<readonly Result<PutLine, EntityFailure>[], SharedCacheFailure>> {
  const outcomes: Result<PutLine, EntityFailure>[] = [];
  const untilMs = deps.clock.now() + SETTLE_BUDGET_MS;
  for (const batch of batchesOf(puts)) {
    const put = await putEntities(deps, type, batch, untilMs);
    if (put.ok) {
      outcomes.push(...put.value.map(lineOf));
      continue;
    }
    if (outcomes.length === 0) return put;
    const { failure } = put;
    return ok([...outcomes, ...puts.slice(outcomes.length).map(() => fail(failure))]);
  }
  return ok(outcomes);
}

function lineOf(put: Result<PutEntity, EntityFailure>): Result<PutLine, EntityFailure> {
  if (!put.ok) return put;
  const { entity, ...rest } = put.value;
  return ok({ state: entity.state, rev: entity.rev, ...rest });
}

function* batchesOf(puts: readonly EntityPut[]): Generator<readonly EntityPut[]> {
  let batch: EntityPut[] = [];
  let bytes = 0;
  for (const put of puts) {
    const size = jsonBytes(put.change);
    if (batch.length > 0 && (batch.length >= MAX_BATCH_PUTS || bytes + size > MAX_BATCH_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(put);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}
