import { auditPrefix } from "../../model/keys.ts";
import { ok, type Result } from "../../model/result.ts";
import type { ObjectStore, StoreFailure } from "../../ports/object-store.ts";
import { inParallel } from "../in-parallel.ts";
import { listFolders } from "../list-folders.ts";
import { listKeys } from "../list-keys.ts";
import { readHead, writeDown } from "./chain-head.ts";
import type { AuditEntry, AuditFailure } from "./entry.ts";
import { readStoredEntry, type StoredEntry } from "./read-link.ts";
import { unavailable } from "./record-action.ts";

/** An entry with its place; `entry` is missing when the object is no entry any more. */
export interface AuditItem {
  readonly key: string;
  readonly entry?: AuditEntry;
}

export interface AuditPage {
  /** Newest first. */
  readonly items: readonly AuditItem[];
  /** Key to go on before; missing at the beginning of the chain. */
  readonly nextBefore?: string;
}

export interface AuditQuery {
  readonly before?: string | undefined;
  readonly limit: number;
  /** Only what was done to this model. */
  readonly model?: string | undefined;
}

/** A page about one model looks at no more entries than this; the next page goes on from there. */
const MAX_LOOKED_AT = 500;
const BATCH = 25;

/**
 * Entries of the audit, newest first. Says what is written, not whether it is true: that is
 * `verifyAudit`'s. LISTs of the folders down to the days needed, one GET per entry looked at.
 */
export async function readAudit(
  store: ObjectStore,
  { before, limit, model }: AuditQuery,
): Promise<Result<AuditPage, AuditFailure>> {
  // What a dead writer left in the head alone is listed once it has its object.
  const head = await readHead(store);
  if (head.ok && head.value.head !== undefined) await writeDown(store, head.value.head);
  const most = model === undefined ? limit : MAX_LOOKED_AT;
  const keys = await newestKeys(store, before, most + 1);
  if (!keys.ok) return unavailable(keys.failure);
  const items: AuditItem[] = [];
  let lookedAt = 0;
  while (items.length < limit && lookedAt < Math.min(most, keys.value.length)) {
    const batch = keys.value.slice(lookedAt, Math.min(most, lookedAt + BATCH));
    const read = await inParallel(batch, (key) => readStoredEntry(store, key));
    if (!read.ok) return unavailable(read.failure);
    for (const stored of read.value) {
      if (items.length === limit) break;
      lookedAt += 1;
      if (stored !== undefined && isWanted(stored, model)) items.push(toItem(stored));
    }
  }
  const last = keys.value[lookedAt - 1];
  const isMore = lookedAt < keys.value.length && last !== undefined;
  return ok({ items, ...(isMore ? { nextBefore: last } : {}) });
}

const isWanted = ({ entry }: StoredEntry, model: string | undefined): boolean =>
  model === undefined || entry?.model === model;

const toItem = ({ key, entry }: StoredEntry): AuditItem =>
  entry === undefined ? { key } : { key, entry };

/** year, month, day */
const FOLDER_DEPTH = 3;

/** Up to `wanted` keys of entries before one, newest first, reading only the days that are needed. */
export async function newestKeys(
  store: ObjectStore,
  before: string | undefined,
  wanted: number,
): Promise<Result<readonly string[], StoreFailure>> {
  const isBefore = (key: string) => before === undefined || key < before;
  const found: string[] = [];
  const descend = async (prefix: string, depth: number): Promise<StoreFailure | undefined> => {
    if (depth === FOLDER_DEPTH) {
      const listed = await listKeys(store, prefix);
      if (!listed.ok) return listed.failure;
      const keys = listed.value.map(({ key }) => key).filter(isBefore);
      found.push(...keys.reverse());
      return undefined;
    }
    const folders = await listFolders(store, prefix);
    if (!folders.ok) return folders.failure;
    for (const folder of [...folders.value].reverse()) {
      const inside = `${prefix}${folder}/`;
      if (!isBefore(inside)) continue;
      const failure = await descend(inside, depth + 1);
      if (failure !== undefined || found.length >= wanted) return failure;
    }
    return undefined;
  };
  const failure = await descend(auditPrefix, 0);
  return failure === undefined ? ok(found.slice(0, wanted)) : { ok: false, failure };
}
