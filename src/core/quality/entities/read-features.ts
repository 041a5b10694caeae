import { type Features, isOwnId, MAX_READ_BYTES } from "../../model/entity.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { SharedCacheFailure } from "../../ports/shared-cache.ts";
import { type EntityDeps, type EntityRefusal, notFound } from "./entity-failure.ts";

/** Together they are more than one request may have. */
export interface TooLarge {
  readonly reason: "entities_too_large";
  readonly detail: string;
}

/**
 * Features of entities, open or finished, to predict on; in the order of `ids`, which may repeat. An
 * id that is not there, or can be none, is `entity_not_found` for itself alone. One round trip for
 * all. Those that are over `maxBytes` together, as they are stored, are not read to the end.
 */
export async function readFeatures(
  { entities }: EntityDeps,
  type: string,
  ids: readonly string[],
  { deadlineMs, maxBytes }: { readonly deadlineMs: number; readonly maxBytes: number },
): Promise<Result<readonly Result<Features, EntityRefusal>[], SharedCacheFailure | TooLarge>> {
  const asked = [...new Set(ids.filter(isOwnId))];
  const read = await entities.getMany(type, asked, deadlineMs, maxBytes);
  if (!read.ok) return read;
  if (read.value.length < asked.length) return tooLarge(type, read.value.length, asked.length);
  const found = new Map(read.value.map((entity, index) => [asked[index], entity?.features]));
  return ok(
    ids.map((id) => {
      const features = found.get(id);
      return features === undefined ? notFound(type, id.slice(0, 256)) : ok(features);
    }),
  );
}

const tooLarge = (type: string, read: number, asked: number) =>
  fail({
    reason: "entities_too_large",
    detail: `the entities of one request may have ${MAX_READ_BYTES} bytes together, as they are stored: of ${asked} '${type}' there is room for ${read}; ask for fewer at once, or store less of each`,
  });
