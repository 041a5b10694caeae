import { modelsPrefix } from "../model/keys.ts";
import { ok, type Result } from "../model/result.ts";
import type { ObjectStore, StoreFailure } from "../ports/object-store.ts";

const LIST_DEADLINE_MS = 5_000;

/**
 * Whether the bucket has no model at all. One that was mounted empty, or under another prefix,
 * answers each read as if everybody had deleted everything. Who may not list cannot know: then it
 * is taken to have some. One LIST.
 */
export async function listsNothing(store: ObjectStore): Promise<Result<boolean, StoreFailure>> {
  const page = await store.list(modelsPrefix, { deadlineMs: LIST_DEADLINE_MS, limit: 1 });
  if (page.ok) return ok(page.value.objects.length + page.value.prefixes.length === 0);
  return page.failure.reason === "denied" ? ok(false) : page;
}
