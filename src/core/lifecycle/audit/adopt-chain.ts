import { getTextEncoding } from "@bufbuild/protobuf/wire";
import { ok, type Result } from "../../model/result.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { DOCUMENT_DEADLINE_MS, MAX_DOCUMENT_BYTES } from "../read-document.ts";
import { moveHead, readHead } from "./chain-head.ts";
import { type AuditFailure, keyOf, parseEntry } from "./entry.ts";
import { newestKeys } from "./read-audit.ts";
import { unavailable } from "./record-action.ts";

/**
 * Lets a bucket without an audit go on with the chain of its backup, so that a restore is the
 * next entry of the old chain and not the first of a new one. The backup holds the entries and
 * not the head: its newest entry is the head. Idempotent; up to five reads and one PUT.
 */
export async function adoptChain({
  store,
  backup,
}: {
  readonly store: ObjectStore;
  readonly backup: ObjectStore;
}): Promise<Result<undefined, AuditFailure>> {
  const here = await readHead(store);
  if (!here.ok) return unavailable(here.failure);
  if (here.value.head !== undefined) return ok(undefined);
  const newest = await newestKeys(backup, undefined, 1);
  if (!newest.ok) return unavailable(newest.failure);
  const [key] = newest.value;
  if (key === undefined) return ok(undefined);
  const options = { deadlineMs: DOCUMENT_DEADLINE_MS, maxBytes: MAX_DOCUMENT_BYTES };
  const got = await backup.get(key, options);
  if (!got.ok) return unavailable(got.failure);
  const entry = parseEntry(got.value.bytes);
  if (entry === undefined || keyOf(entry) !== key) {
    return unavailable({ detail: `${key}: the backup's newest audit entry cannot be read` });
  }
  const text = getTextEncoding().decodeUtf8(got.value.bytes, true);
  const moved = await moveHead(store, { key, text, entry }, "absent");
  // Somebody else was faster: then there is a head.
  if (moved.ok || moved.failure.reason === "precondition_lost") return ok(undefined);
  return unavailable(moved.failure);
}
