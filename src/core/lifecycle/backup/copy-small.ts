import type { Bytes } from "../../model/tensor.ts";
import type { ListedObject, ObjectStore, StoredObject } from "../../ports/object-store.ts";
import { DOCUMENT_DEADLINE_MS, MAX_DOCUMENT_BYTES } from "../read-document.ts";
import type { BackupDeps } from "./backup-deps.ts";
import { kindOf } from "./backup-keys.ts";
import type { KnownCopies } from "./known-copies.ts";
import type { Tally } from "./tally.ts";

/** What one group's copying works with. */
export interface CopyWork {
  readonly deps: BackupDeps;
  readonly tally: Tally;
  readonly copies: KnownCopies;
}

const JSON_TYPE = "application/json";

/**
 * Copies one small object when the backup has it not, or an older state of it. What is written
 * once is never overwritten: where the two differ, one of them was tampered with or damaged.
 * @returns whether the backup now holds what the first bucket held
 */
export async function copySmall(
  work: CopyWork,
  first: ListedObject,
  second: ListedObject | undefined,
): Promise<boolean> {
  const { deps, tally, copies } = work;
  const { key } = first;
  if (await copies.isSame(first, second)) {
    tally.unchanged += 1;
    return true;
  }
  const source = await readSmall(deps.store, key);
  if (typeof source === "string") {
    // Gone since it was listed: there is nothing to keep.
    if (source !== "absent") tally.fail(key, source);
    return false;
  }
  if (second !== undefined && kindOf(key) === "once") {
    return confirmSmall(work, key, source, second);
  }
  return writeCopy(work, key, source, second);
}

async function confirmSmall(
  { deps, tally, copies }: CopyWork,
  key: string,
  source: StoredObject,
  second: ListedObject,
): Promise<boolean> {
  const copy = await readSmall(deps.backup, key);
  if (typeof copy === "string" || !sameBytes(source.bytes, copy.bytes)) {
    tally.fail(key, typeof copy === "string" ? `backup_${copy}` : "differs");
    return false;
  }
  await copies.remember(key, source.etag, second.etag);
  tally.unchanged += 1;
  return true;
}

/** Puts bytes that were read from the first bucket in the place of what the backup listed. */
export async function writeCopy(
  { deps, tally, copies }: CopyWork,
  key: string,
  source: StoredObject,
  second: ListedObject | undefined,
): Promise<boolean> {
  const written = await deps.backup.put(key, source.bytes, {
    deadlineMs: DOCUMENT_DEADLINE_MS,
    when: second === undefined ? "absent" : { etag: second.etag },
    contentType: JSON_TYPE,
  });
  if (!written.ok) {
    // Another run was faster: the next one compares again.
    if (written.failure.reason !== "precondition_lost") {
      tally.fail(key, `backup_${written.failure.reason}`);
      return false;
    }
    tally.unchanged += 1;
    return true;
  }
  await copies.remember(key, source.etag, written.value.etag);
  tally.copy(source.bytes.byteLength);
  return true;
}

/** A small object's bytes, or why there are none. */
export async function readSmall(store: ObjectStore, key: string): Promise<StoredObject | string> {
  const options = { deadlineMs: DOCUMENT_DEADLINE_MS, maxBytes: MAX_DOCUMENT_BYTES };
  const got = await store.get(key, options);
  return got.ok ? got.value : got.failure.reason;
}

export const sameBytes = (a: Bytes, b: Bytes): boolean =>
  a.byteLength === b.byteLength && a.every((byte, index) => byte === b[index]);
