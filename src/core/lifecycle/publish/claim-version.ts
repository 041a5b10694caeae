import * as z from "zod/mini";
import { digestKey, modelBytesKey, tombstoneKey, versionsPrefix } from "../../model/keys.ts";
import { isVersion } from "../../model/reference.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { Bytes } from "../../model/tensor.ts";
import type { ObjectStore, PutOptions, StoreFailure } from "../../ports/object-store.ts";
import { listFolders } from "../list-folders.ts";
import { readDocument } from "../read-document.ts";
import { writeDocument } from "../write-document.ts";

const claimSchema = z.object({ version: z.string().check(z.refine(isVersion)) });

/** Where a model's bytes of one digest are, and their etag. */
export interface Claimed {
  readonly version: string;
  readonly etag: string;
}

export interface ClaimOptions {
  /** ISO 8601, UTC: now. */
  readonly at: string;
  /** Versions that the pointer says are deleted, their tombstone written or not. */
  readonly deleted: readonly string[];
}

const BYTES_DEADLINE_MS = 20_000;
const MAX_NUMBERS_TRIED = 200;
const MAX_PUTS = 3;

/**
 * Puts bytes under a version number of their own, once for each digest. Numbers are given by
 * conditional create alone, without a lock: of two writers of one number one loses and takes
 * the next. Of two publishers of the same bytes one's claim of the digest loses; it leaves a
 * tombstone in its number's place and follows the winner. What a dead publisher has begun is
 * taken up where it stopped.
 */
export async function claimVersion(
  store: ObjectStore,
  model: string,
  bytes: Bytes,
  digest: string,
  { at, deleted }: ClaimOptions,
): Promise<Result<Claimed, StoreFailure>> {
  const claim = await readClaim(store, model, digest);
  if (!claim.ok) return claim;
  const known = claim.value;
  if (known !== undefined) {
    const buried = await isThere(store, tombstoneKey(model, known.version));
    if (!buried.ok) return buried;
    if (!buried.value && !deleted.includes(known.version))
      return putBytes(store, model, known.version, bytes);
  }
  const created = await createNumber(store, model, bytes);
  if (!created.ok) return created;
  const when = known === undefined ? "absent" : { etag: known.etag };
  const { version } = created.value;
  const claimed = await writeDocument(store, digestKey(model, digest), { version }, when);
  if (claimed.ok) return created;
  if (claimed.failure.reason !== "precondition_lost") return claimed;
  const winner = await readClaim(store, model, digest);
  if (!winner.ok) return winner;
  if (winner.value === undefined) return lost(model);
  // Of the same bytes under one number nobody can say who wrote them: it may be the winner's.
  if (winner.value.version === version) return created;
  const reason = "the same bytes were published twice at once";
  const buried = await bury(store, model, version, { at, reason });
  if (!buried.ok) return buried;
  return putBytes(store, model, winner.value.version, bytes);
}

/** Takes a version away for good: first the tombstone, so that its number stays taken. */
export async function bury(
  store: ObjectStore,
  model: string,
  version: string,
  tombstone: Readonly<Record<string, string>>,
): Promise<Result<undefined, StoreFailure>> {
  const marked = await writeDocument(store, tombstoneKey(model, version), tombstone, "absent");
  if (!marked.ok && marked.failure.reason !== "precondition_lost") return marked;
  return store.delete(modelBytesKey(model, version), { deadlineMs: BYTES_DEADLINE_MS });
}

/** Which version a model's bytes of one digest are, with the etag of the claim. One GET. */
export async function readClaim(
  store: ObjectStore,
  model: string,
  digest: string,
): Promise<Result<Claimed | undefined, StoreFailure>> {
  const read = await readDocument(store, digestKey(model, digest), claimSchema);
  if (read.ok) return ok({ version: read.value.value.version, etag: read.value.etag });
  const { failure } = read;
  if (failure.reason === "absent") return ok(undefined);
  return failure.reason === "invalid_document"
    ? fail({ reason: "corrupt", detail: failure.detail })
    : fail(failure);
}

async function isThere(store: ObjectStore, key: string): Promise<Result<boolean, StoreFailure>> {
  const head = await store.head(key, { deadlineMs: BYTES_DEADLINE_MS });
  if (head.ok) return ok(true);
  return head.failure.reason === "absent" ? ok(false) : head;
}

/** A version's bytes, whoever wrote them: the digest is the same. */
async function putBytes(
  store: ObjectStore,
  model: string,
  version: string,
  bytes: Bytes,
): Promise<Result<Claimed, StoreFailure>> {
  const key = modelBytesKey(model, version);
  for (let tries = 0; tries < MAX_PUTS; tries += 1) {
    const created = await put(store, key, bytes, "absent");
    if (created.ok) return ok({ version, etag: created.value.etag });
    if (created.failure.reason !== "precondition_lost") return created;
    const head = await store.head(key, { deadlineMs: BYTES_DEADLINE_MS });
    if (head.ok) return ok({ version, etag: head.value.etag });
    // Deleted between the two calls: written again here, and refused by the pointer later.
    if (head.failure.reason !== "absent") return head;
  }
  return lost(model);
}

async function createNumber(
  store: ObjectStore,
  model: string,
  bytes: Bytes,
): Promise<Result<Claimed, StoreFailure>> {
  const folders = await listFolders(store, versionsPrefix(model));
  if (!folders.ok) return folders;
  let next = Math.max(0, ...folders.value.filter(isVersion).map(Number)) + 1;
  for (let tries = 0; tries < MAX_NUMBERS_TRIED; tries += 1, next += 1) {
    const version = String(next);
    const created = await put(store, modelBytesKey(model, version), bytes, "absent");
    if (created.ok) return ok({ version, etag: created.value.etag });
    if (created.failure.reason !== "precondition_lost") return created;
  }
  return lost(model);
}

const put = (store: ObjectStore, key: string, bytes: Bytes, when: PutOptions["when"]) =>
  store.put(key, bytes, {
    deadlineMs: BYTES_DEADLINE_MS,
    contentType: "application/octet-stream",
    ...(when === undefined ? {} : { when }),
  });

const lost = (model: string) =>
  fail({
    reason: "precondition_lost",
    detail: `models/${model}: other publishers were faster at every try`,
  });
