import { jsonBytes } from "../../model/entity.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { SharedCacheFailure } from "../../ports/shared-cache.ts";
import type { EntityFailure } from "./entity-failure.ts";
import {
  type EntityPut,
  type PutEntitiesDeps,
  type PutEntity,
  putEntities,
} from "./put-entities.ts";

/** A request to Redis may have 1 MB on small plans; text within JSON grows by its quotes. */
const MAX_BATCH_BYTES = 300 * 1024;
const MAX_BATCH_PUTS = 200;

/**
 * As `putEntities`, of any number: a batch at a time, each of them one write. Once Redis does
 * not answer, the batch and all after it fail one by one; when it is the first, the whole fails.
 */
export async function putInBatches(
  deps: PutEntitiesDeps,
  type: string,
  puts: readonly EntityPut[],
): Promise<Result<readonly Result<PutEntity, EntityFailure>[], SharedCacheFailure>> {
  const outcomes: Result<PutEntity, EntityFailure>[] = [];
  for (const batch of batchesOf(puts)) {
    const put = await putEntities(deps, type, batch);
    if (put.ok) {
      outcomes.push(...put.value);
      continue;
    }
    if (outcomes.length === 0) return put;
    const { failure } = put;
    return ok([...outcomes, ...puts.slice(outcomes.length).map(() => fail(failure))]);
  }
  return ok(outcomes);
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
