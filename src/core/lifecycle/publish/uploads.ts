import { uploadKey } from "../../model/keys.ts";
import type { Draft } from "../../model/manifest-draft.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { StoredObject, StoreFailure } from "../../ports/object-store.ts";
import type { UploadedPart, UploadFailure, UploadStore } from "../../ports/upload-store.ts";
import { maxFileBytes } from "../fetch-version.ts";
import type { Mover } from "../pointer/move-pointer.ts";
import type { RegistryFailure } from "../registry-failure.ts";
import { type PublishDeps, type Published, publishVersion } from "./publish-version.ts";
import { noSuchUpload, readTicket, type UploadTicket, writeTicket } from "./upload-ticket.ts";

export interface UploadDeps extends PublishDeps {
  readonly uploads: UploadStore;
}

export interface BegunUpload {
  readonly uploadId: string;
  readonly key: string;
  readonly partBytes: number;
  readonly parts: readonly { readonly number: number; readonly url: string }[];
  /** Milliseconds since 1970: the URLs take nothing afterwards. */
  readonly expiresAtMs: number;
}

export interface CompleteUpload {
  readonly model: string;
  readonly uploadId: string;
  readonly parts: readonly UploadedPart[];
  readonly draft: Draft;
  readonly alias?: string | undefined;
  readonly force: boolean;
}

const MIB = 1024 * 1024;
/** S3 takes no smaller part but the last. */
export const MIN_PART_BYTES = 5 * MIB;
export const MAX_PART_BYTES = 100 * MIB;
const DEFAULT_PART_BYTES = 8 * MIB;
const EXPIRES_S = 3_600;
const CALL_DEADLINE_MS = 10_000;
const BYTES_DEADLINE_MS = 20_000;

/**
 * Begins an upload that goes past Freshet, straight into the bucket: one signed URL for each
 * part, good for an hour. What is never finished has no object; the bucket's own rule for
 * incomplete uploads removes its parts. One I/O call.
 */
export async function beginUpload(
  deps: UploadDeps,
  model: string,
  sizeBytes: number,
  partBytes: number = DEFAULT_PART_BYTES,
): Promise<Result<BegunUpload, RegistryFailure>> {
  const room = checkRoom(deps, sizeBytes);
  if (!room.ok) return room;
  const id = deps.newId();
  const key = uploadKey(model, id);
  const begun = await deps.uploads.begin(key, { deadlineMs: CALL_DEADLINE_MS });
  if (!begun.ok) return storeFailed(begun.failure);
  const address = { key, uploadId: begun.value, expiresInS: EXPIRES_S };
  const expiresAtMs = deps.clock.now() + EXPIRES_S * 1000;
  const numbers = partNumbers({ sizeBytes, partBytes });
  const parts = await Promise.all(
    numbers.map(async (number) => ({
      number,
      url: await deps.uploads.presignPart({ ...address, number }),
    })),
  );
  const uploadId = writeTicket({ id, sizeBytes, partBytes, storeId: begun.value });
  return ok({ uploadId, key, partBytes, parts, expiresAtMs });
}

/**
 * Puts the parts together, and makes a version of them exactly as of bytes that were sent to
 * Freshet. The staging object is deleted, unless the store's trouble stopped it all: then the
 * same call again goes on from there. Holds the file once.
 */
export async function completeUpload(
  deps: UploadDeps,
  { model, uploadId, parts, draft, alias, force }: CompleteUpload,
  mover: Mover,
): Promise<Result<Published, RegistryFailure>> {
  const ticket = readTicket(uploadId);
  if (!ticket.ok) return ticket;
  const listed = checkParts(ticket.value, parts);
  if (!listed.ok) return listed;
  const key = uploadKey(model, ticket.value.id);
  const options = { deadlineMs: BYTES_DEADLINE_MS };
  const completed = await deps.uploads.complete(key, ticket.value.storeId, parts, options);
  if (!completed.ok && completed.failure.reason === "bad_parts") return badParts();
  const staged = await readStaged(deps, key);
  // A call before this one may have completed it and died: then the object is there all the same.
  if (!completed.ok && !staged.ok && staged.failure.reason === "upload_not_found") {
    return completed.failure.reason === "no_such_upload" ? staged : storeFailed(completed.failure);
  }
  const request = { model, draft, alias, force };
  const published = staged.ok
    ? await publishStaged(deps, staged.value, ticket.value, request, mover)
    : staged;
  if (published.ok || !mayPass(published.failure)) await deps.store.delete(key, options);
  return published;
}

/** Lets go of an upload, its parts, and its object when it was completed. Two I/O calls at most. */
export async function abortUpload(
  deps: Pick<UploadDeps, "store" | "uploads">,
  model: string,
  uploadId: string,
): Promise<Result<undefined, RegistryFailure>> {
  const ticket = readTicket(uploadId);
  if (!ticket.ok) return ticket;
  const key = uploadKey(model, ticket.value.id);
  const options = { deadlineMs: CALL_DEADLINE_MS };
  const aborted = await deps.uploads.abort(key, ticket.value.storeId, options);
  if (!aborted.ok && aborted.failure.reason !== "no_such_upload") {
    return storeFailed(aborted.failure);
  }
  const head = await deps.store.head(key, options);
  if (!head.ok) {
    if (head.failure.reason !== "absent") return storeFailed(head.failure);
    return aborted.ok ? ok(undefined) : noSuchUpload();
  }
  const deleted = await deps.store.delete(key, options);
  return deleted.ok ? ok(undefined) : storeFailed(deleted.failure);
}

async function publishStaged(
  deps: UploadDeps,
  { bytes, sha256: digest = "" }: StoredObject,
  { sizeBytes }: UploadTicket,
  request: Omit<CompleteUpload, "uploadId" | "parts">,
  mover: Mover,
): Promise<Result<Published, RegistryFailure>> {
  if (bytes.byteLength !== sizeBytes) {
    return fail({
      reason: "invalid_parts",
      detail: `the parts are ${bytes.byteLength} bytes together, ${sizeBytes} were announced; begin a new upload`,
    });
  }
  return publishVersion(deps, { ...request, bytes, digest }, mover);
}

async function readStaged(
  deps: UploadDeps,
  key: string,
): Promise<Result<StoredObject, RegistryFailure>> {
  const maxBytes = maxFileBytes(deps);
  const got = await deps.store.get(key, { deadlineMs: BYTES_DEADLINE_MS, maxBytes, sha256: true });
  if (got.ok) return got;
  if (got.failure.reason === "absent") return noSuchUpload();
  return got.failure.reason === "too_large" ? tooLarge(maxBytes) : storeFailed(got.failure);
}

const partNumbers = ({ sizeBytes, partBytes }: Pick<UploadTicket, "sizeBytes" | "partBytes">) =>
  Array.from({ length: Math.ceil(sizeBytes / partBytes) }, (_, index) => index + 1);

/** Of a list with a gap the store would make a shorter object without a word. */
function checkParts(
  ticket: UploadTicket,
  parts: readonly UploadedPart[],
): Result<undefined, RegistryFailure> {
  const wanted = Math.ceil(ticket.sizeBytes / ticket.partBytes);
  const numbers = parts.map(({ number }) => number).sort((a, b) => a - b);
  if (numbers.length === wanted && numbers.every((number, index) => number === index + 1)) {
    return ok(undefined);
  }
  return fail({
    reason: "invalid_parts",
    detail: `the upload has the parts 1 to ${wanted}, each once; the list names ${numbers.slice(0, 20).join(", ") || "none"}`,
  });
}

function checkRoom(deps: UploadDeps, sizeBytes: number): Result<undefined, RegistryFailure> {
  const maxBytes = maxFileBytes(deps);
  return sizeBytes <= maxBytes ? ok(undefined) : tooLarge(maxBytes);
}

const mayPass = ({ reason }: RegistryFailure): boolean =>
  reason === "store_unavailable" || reason === "revision_conflict";

const tooLarge = (maxBytes: number): Result<never, RegistryFailure> =>
  fail({
    reason: "model_too_large",
    detail: `the file is larger than ${maxBytes} bytes, the most whose loading fits into an isolate's engine`,
  });

const badParts = (): Result<never, RegistryFailure> =>
  fail({
    reason: "invalid_parts",
    detail:
      "the store does not take these parts: an etag is not the one that its PUT answered, a part did not arrive, or one but the last is under 5 MiB",
  });

const storeFailed = ({
  detail,
  cause,
}: StoreFailure | UploadFailure): Result<never, RegistryFailure> =>
  fail({ reason: "store_unavailable", detail, cause });
