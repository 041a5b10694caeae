import type { z } from "zod";
import type { Api, Query } from "./api.ts";

interface Page<T> {
  readonly items: readonly T[];
  readonly next_cursor?: string | undefined;
}

const PAGE = 100;

/** Items of a paged list, page after page until there are `limit`. */
export async function readPages<T>(
  api: Api,
  schema: z.ZodType<Page<T>>,
  path: string,
  query: Query,
  limit = Number.POSITIVE_INFINITY,
): Promise<readonly T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const wanted = Math.min(PAGE, limit - items.length);
    const page: Page<T> = await api.get(schema, path, { ...query, limit: String(wanted), cursor });
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor !== undefined && items.length < limit);
  return items;
}
