import { ok, type Result } from "../model/result.ts";
import type { ObjectStore, StoreFailure } from "../ports/object-store.ts";

const LIST_DEADLINE_MS = 10_000;

/** Names of the folders right under a prefix, in byte order. One LIST per thousand. */
export async function listFolders(
  store: ObjectStore,
  prefix: string,
): Promise<Result<readonly string[], StoreFailure>> {
  const folders: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.list(prefix, {
      deadlineMs: LIST_DEADLINE_MS,
      delimiter: "/",
      ...(cursor === undefined ? {} : { cursor }),
    });
    if (!page.ok) return page;
    folders.push(...page.value.prefixes.map((folder) => folder.slice(prefix.length, -1)));
    cursor = page.value.nextCursor;
  } while (cursor !== undefined);
  return ok(folders);
}
