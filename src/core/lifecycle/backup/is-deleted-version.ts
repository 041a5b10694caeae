import { tombstoneKey } from "../../model/keys.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { readDeployment } from "../read-deployment.ts";
import { DOCUMENT_DEADLINE_MS } from "../read-document.ts";

/**
 * Tells whether a version whose manifest is gone was deleted, and not lost: the backup keeps
 * the bytes of deleted ones. A tombstone in either bucket or the pointer says so; when that
 * cannot be found out, it counts as deleted. Three GETs at once, four at most.
 */
export async function isDeletedVersion(
  { store, backupStore }: { readonly store: ObjectStore; readonly backupStore: ObjectStore },
  model: string,
  version: string,
): Promise<boolean> {
  const key = tombstoneKey(model, version);
  const options = { deadlineMs: DOCUMENT_DEADLINE_MS };
  const [here, there, pointer] = await Promise.all([
    store.head(key, options),
    backupStore.head(key, options),
    readDeployment(store, model),
  ]);
  if (here.ok || there.ok) return true;
  if (here.failure.reason !== "absent") return true;
  if (pointer.ok) return pointer.value.value.deleted?.includes(version) ?? false;
  const spare = await readDeployment(backupStore, model);
  if (spare.ok) return spare.value.value.deleted?.includes(version) ?? false;
  return spare.failure.reason !== "absent";
}
