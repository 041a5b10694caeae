import { type Features, isOwnId } from "../../model/entity.ts";
import { ok, type Result } from "../../model/result.ts";
import type { SharedCacheFailure } from "../../ports/shared-cache.ts";
import { type EntityDeps, type EntityRefusal, notFound } from "./entity-failure.ts";

/**
 * Features of entities, open or finished, to predict on; in the order of `ids`, which may repeat. An
 * id that is not there, or can be none, is `entity_not_found` for itself alone. One round trip for all.
 */
export async function readFeatures(
  { entities }: EntityDeps,
  type: string,
  ids: readonly string[],
  deadlineMs: number,
): Promise<Result<readonly Result<Features, EntityRefusal>[], SharedCacheFailure>> {
  const asked = [...new Set(ids.filter(isOwnId))];
  const read = await entities.getMany(type, asked, deadlineMs);
  if (!read.ok) return read;
  const found = new Map(read.value.map((entity, index) => [asked[index], entity?.features]));
  return ok(
    ids.map((id) => {
      const features = found.get(id);
      return features === undefined ? notFound(type, id.slice(0, 256)) : ok(features);
    }),
  );
}
