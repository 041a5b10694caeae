import * as z from "zod/mini";
import { auditHeadKey } from "../../model/keys.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { ObjectStore, PutOptions, StoreFailure } from "../../ports/object-store.ts";
import { DOCUMENT_DEADLINE_MS, type DocumentInvalid, readDocument } from "../read-document.ts";
import { writeDocument } from "../write-document.ts";
import { type AuditEntry, keyOf, parseEntry, textBytes } from "./entry.ts";

/** The newest entry of the chain, with the text that its object holds or will hold. */
export interface ChainHead {
  readonly key: string;
  readonly text: string;
  readonly entry: AuditEntry;
}

/** `audit/head.json`. The entry stands in it as text: its hash must not depend on how JSON is written. */
const headSchema = z.object({ key: z.string(), entry: z.string() });

/** Reads the newest entry; `head` is `undefined` before the first one. One GET. */
export async function readHead(
  store: ObjectStore,
): Promise<
  Result<
    { readonly head: ChainHead | undefined; readonly etag?: string },
    StoreFailure | DocumentInvalid
  >
> {
  const read = await readDocument(store, auditHeadKey, headSchema);
  if (!read.ok) return read.failure.reason === "absent" ? ok({ head: undefined }) : read;
  const { key, entry: text } = read.value.value;
  const entry = parseEntry(textBytes(text));
  if (entry === undefined || keyOf(entry) !== key) {
    return fail({ reason: "invalid_document", detail: `${auditHeadKey}: it holds no entry` });
  }
  return ok({ head: { key, text, entry }, etag: read.value.etag });
}

/** Makes an entry the newest one, if the head still is as it was read. One PUT: this decides. */
export const moveHead = (
  store: ObjectStore,
  { key, text }: ChainHead,
  when: PutOptions["when"],
): ReturnType<typeof writeDocument> =>
  writeDocument(store, auditHeadKey, { key, entry: text }, when);

/**
 * Writes the newest entry's own object where nobody has. Idempotent, and never over what is
 * there: what was altered is for `verifyAudit` to find. One PUT.
 * @returns whether it was not there
 */
export async function writeDown(
  store: ObjectStore,
  { key, text }: ChainHead,
): Promise<Result<boolean, StoreFailure>> {
  const written = await store.put(key, textBytes(text), {
    deadlineMs: DOCUMENT_DEADLINE_MS,
    contentType: "application/json",
    when: "absent",
  });
  if (written.ok) return ok(true);
  return written.failure.reason === "precondition_lost" ? ok(false) : written;
}
