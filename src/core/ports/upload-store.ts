import type { Result } from "../model/result.ts";
import type { CallOptions, StoreFailure } from "./object-store.ts";

/**
 * Why an upload in parts did not go on.
 * - `no_such_upload`: the store knows no such upload for this key: never begun, ended, or aborted.
 * - `bad_parts`: the store refuses the list: an etag that is not the part's, a part that never
 *   came, a part but the last under the store's minimum.
 * - else: as the object store's.
 */
export interface UploadFailure {
  readonly reason: StoreFailure["reason"] | "no_such_upload" | "bad_parts";
  /** One line for a log. Holds the key, never a secret or a signed URL. */
  readonly detail: string;
  readonly cause?: unknown;
}

/** A part as the store acknowledged it. */
export interface UploadedPart {
  /** From 1. */
  readonly number: number;
  /** The store's validator of the part, as it came. */
  readonly etag: string;
}

export interface PartAddress {
  readonly key: string;
  readonly uploadId: string;
  /** From 1. */
  readonly number: number;
  /** Seconds for which the URL may be used. */
  readonly expiresInS: number;
}

type Answer<T> = Promise<Result<T, UploadFailure>>;

/**
 * Uploads in parts that callers send straight to the bucket, over URLs that are signed for one
 * part of one upload each. Nothing is at `key` before `complete`.
 */
export interface UploadStore {
  /** Begins an upload; the answer is the store's name for it, good for this key only. */
  begin(key: string, options: CallOptions): Answer<string>;
  /** A URL that takes a PUT of one part, without any header but what the client's own library adds. No I/O. */
  presignPart(address: PartAddress): Promise<string>;
  /** Makes the parts, in order of their numbers, the object at `key`. */
  complete(
    key: string,
    uploadId: string,
    parts: readonly UploadedPart[],
    options: CallOptions,
  ): Answer<undefined>;
  /** Lets go of an upload and its parts. Some stores answer `no_such_upload` the second time. */
  abort(key: string, uploadId: string, options: CallOptions): Answer<undefined>;
}
