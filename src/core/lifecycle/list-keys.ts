import { ok, type Result } from "../model/result.ts";
import type { ListedObject, ObjectStore, StoreFailure } from "../ports/object-store.ts";

const LIST_DEADLINE_MS = 10_000;

/** Every object under a prefix, in byte order. One LIST per thousand. */
export async function listKeys(
  store: ObjectStore,
  prefix: string,
): Promise<Result<readonly ListedObject[], StoreFailure>> {
  const objects: ListedObject[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.list(prefix, {
      deadlineMs: LIST_DEADLINE_MS,
      ...(cursor === undefined ? {} : { cursor }),
    });
    if (!page.ok) return page;
    objects.push(...page.value.objects);
    cursor = page.value.nextCursor;
  } while (cursor !== undefined);
  return ok(objects);
}
