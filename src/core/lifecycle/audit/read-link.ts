import { ok, type Result } from "../../model/result.ts";
import type { ObjectStore, StoreFailure } from "../../ports/object-store.ts";
import { DOCUMENT_DEADLINE_MS } from "../read-document.ts";
import { type AuditEntry, type AuditLink, keyOf, parseEntry } from "./entry.ts";

const MAX_ENTRY_BYTES = 256 * 1024;

/** What an object under `audit/` is and what it points back at. */
export interface StoredLink extends AuditLink {
  /** `null` in a first entry; `undefined` in what is no entry. */
  readonly prev: AuditLink | null | undefined;
}

/** An object's entry, `undefined` for what is none, with the SHA-256 of its bytes. */
export interface StoredEntry extends AuditLink {
  readonly entry: AuditEntry | undefined;
}

/** Reads one object of the audit; `undefined` when it is not there. One GET. */
export async function readStoredEntry(
  store: ObjectStore,
  key: string,
): Promise<Result<StoredEntry | undefined, StoreFailure>> {
  const got = await store.get(key, {
    deadlineMs: DOCUMENT_DEADLINE_MS,
    maxBytes: MAX_ENTRY_BYTES,
    sha256: true,
  });
  if (got.ok) {
    const { bytes, sha256 = "" } = got.value;
    const entry = parseEntry(bytes);
    // Another's words in this place are no entry of it.
    return ok({
      key,
      sha256,
      entry: entry !== undefined && keyOf(entry) === key ? entry : undefined,
    });
  }
  if (got.failure.reason === "absent") return ok(undefined);
  // Nobody wrote an entry that large: it is another's.
  return got.failure.reason === "too_large" ? ok({ key, sha256: "", entry: undefined }) : got;
}

/** The same without the words of the entry, for walking a long chain. */
export async function readLink(
  store: ObjectStore,
  key: string,
): Promise<Result<StoredLink | undefined, StoreFailure>> {
  const read = await readStoredEntry(store, key);
  if (!read.ok || read.value === undefined) return read.ok ? ok(undefined) : read;
  const { sha256, entry } = read.value;
  return ok({ key, sha256, prev: entry?.prev });
}
