import { ok, type Result } from "../../model/result.ts";
import type { SharedCache, SharedCacheFailure } from "../../ports/shared-cache.ts";
import type { Catalog } from "../../routing/catalog.ts";
import { parsePointer, pointerKey } from "./shared-keys.ts";

/** As many as one command is to ask for. */
export const POINTERS_PER_CALL = 200;

/** Of some models, those whose pointer in Redis is not the one that the catalog has. One command. */
export async function differingPointers(
  { sharedCache, catalog }: { readonly sharedCache: SharedCache; readonly catalog: Catalog },
  models: readonly string[],
  deadlineMs: number,
): Promise<Result<readonly string[], SharedCacheFailure>> {
  const read = await sharedCache.getMany(models.map(pointerKey), deadlineMs);
  if (!read.ok) return read;
  return ok(
    models.filter(
      (model, index) => parsePointer(read.value[index])?.etag !== catalog.get(model)?.etag,
    ),
  );
}
