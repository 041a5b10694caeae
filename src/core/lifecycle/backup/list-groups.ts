import { ok, type Result } from "../../model/result.ts";
import type { ListedObject, ObjectStore, StoreFailure } from "../../ports/object-store.ts";
import { listKeys } from "../list-keys.ts";
import { BACKED_UP, groupOf } from "./backup-keys.ts";

/** Objects that are compared together, as both buckets list them. */
export interface GroupPair {
  readonly id: string;
  readonly first: ReadonlyMap<string, ListedObject>;
  readonly second: ReadonlyMap<string, ListedObject>;
}

interface Group {
  readonly id: string;
  readonly objects: readonly ListedObject[];
}

type Listed<T> = AsyncGenerator<Result<T, StoreFailure>, void>;

const LIST_DEADLINE_MS = 10_000;

/** Which groups are wanted: from one on, or before one. */
export interface GroupRange {
  readonly from?: string | undefined;
  readonly before?: string | undefined;
}

/**
 * Walks both buckets side by side, one group at a time: two LISTs per thousand objects, and
 * no more of them held than a group's. A failed LIST is the last thing it gives.
 */
export async function* pairGroups(
  first: ObjectStore,
  second: ObjectStore,
  { from, before }: GroupRange = {},
): Listed<GroupPair> {
  const [left, right] = [listGroups(first), listGroups(second)];
  let [a, b] = await Promise.all([left.next(), right.next()]);
  while (a.done !== true || b.done !== true) {
    if (a.done !== true && !a.value.ok) return yield a.value;
    if (b.done !== true && !b.value.ok) return yield b.value;
    const [inFirst, inSecond] = [groupIn(a), groupIn(b)];
    const id = smaller(inFirst?.id, inSecond?.id);
    if (before !== undefined && id >= before) return;
    if (from === undefined || id >= from) {
      yield ok({ id, first: byKey(id, inFirst), second: byKey(id, inSecond) });
    }
    [a, b] = await Promise.all([
      inFirst?.id === id ? left.next() : a,
      inSecond?.id === id ? right.next() : b,
    ]);
  }
}

/** One group by its name: a LIST per thousand objects of it on each side. */
export async function pairGroup(
  first: ObjectStore,
  second: ObjectStore,
  id: string,
): Promise<Result<GroupPair, StoreFailure>> {
  const [a, b] = await Promise.all([listKeys(first, id), listKeys(second, id)]);
  if (!a.ok) return a;
  if (!b.ok) return b;
  return ok({
    id,
    first: byKey(id, { id, objects: a.value }),
    second: byKey(id, { id, objects: b.value }),
  });
}

async function* listGroups(store: ObjectStore): Listed<Group> {
  let open: { readonly id: string; readonly objects: ListedObject[] } | undefined;
  for await (const object of listAll(store)) {
    if (!object.ok) return yield object;
    const id = groupOf(object.value.key);
    if (id === undefined) continue;
    if (open !== undefined && open.id !== id) yield ok(open);
    if (open?.id !== id) open = { id, objects: [] };
    open.objects.push(object.value);
  }
  if (open !== undefined) yield ok(open);
}

async function* listAll(store: ObjectStore): Listed<ListedObject> {
  for (const prefix of BACKED_UP) {
    let cursor: string | undefined;
    do {
      const options = { deadlineMs: LIST_DEADLINE_MS, ...(cursor === undefined ? {} : { cursor }) };
      const page = await store.list(prefix, options);
      if (!page.ok) return yield page;
      for (const object of page.value.objects) yield ok(object);
      cursor = page.value.nextCursor;
    } while (cursor !== undefined);
  }
}

const groupIn = (step: IteratorResult<Result<Group, StoreFailure>, void>): Group | undefined =>
  step.done !== true && step.value.ok ? step.value.value : undefined;

/** Of two names of which one is there. */
function smaller(a: string | undefined, b: string | undefined): string {
  if (a === undefined || b === undefined) return a ?? b ?? "";
  return a < b ? a : b;
}

const byKey = (id: string, group: Group | undefined): ReadonlyMap<string, ListedObject> =>
  new Map(group?.id === id ? group.objects.map((object) => [object.key, object]) : []);
