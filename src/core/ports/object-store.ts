import type { Result } from "../model/result.ts";
import type { Bytes } from "../model/tensor.ts";

/**
 * Why a call to the store gave no value.
 * - `absent`: the store answered that the key is not there.
 * - `unchanged`: a conditional get found the same etag.
 * - `precondition_lost`: another writer was first.
 * - `denied`: wrong or missing credentials or rights.
 * - `misdirected`: the store sent the call elsewhere, which is not followed, or has no such bucket: a wrong
 *   endpoint, region or bucket.
 * - `throttled`: the store asked for fewer calls, and still did after the retries.
 * - `unreachable`: no answer, an answer of 5xx, or the deadline passed. Never read as `absent`.
 * - `corrupt`: an answer that is not what was asked for (cut short, a wrong length, unreadable XML).
 * - `too_large`: the object is larger than `maxBytes`; nothing was kept.
 */
export interface StoreFailure {
  readonly reason:
    | "absent"
    | "unchanged"
    | "precondition_lost"
    | "denied"
    | "misdirected"
    | "throttled"
    | "unreachable"
    | "corrupt"
    | "too_large";
  /** One line for a log. Holds the key, never a secret or a signed URL. */
  readonly detail: string;
  readonly cause?: unknown;
}

export interface StoredObject {
  readonly bytes: Bytes;
  /** Opaque validator as the store wrote it, quotes included: compare, never parse. */
  readonly etag: string;
  /** SHA-256 of `bytes`, lower-case hex; only when asked for. */
  readonly sha256?: string;
}

export interface ObjectHead {
  readonly etag: string;
  readonly sizeBytes: number;
  /** ISO 8601, UTC. For people: freshness is never decided by it. */
  readonly modifiedAt?: string;
}

export interface ListedObject {
  readonly key: string;
  readonly etag: string;
  readonly sizeBytes: number;
  readonly modifiedAt?: string;
}

export interface ObjectPage {
  readonly objects: readonly ListedObject[];
  /** Common prefixes up to and including the delimiter; empty without one. */
  readonly prefixes: readonly string[];
  /** Pass back as `cursor` for the next page; missing on the last one. */
  readonly nextCursor?: string;
}

export interface CallOptions {
  /** Milliseconds for the whole call, retries included. */
  readonly deadlineMs: number;
}

export interface GetOptions extends CallOptions {
  /** Above this the call fails with `too_large` without holding the object. */
  readonly maxBytes: number;
  /** Answer `unchanged` when the object still has this etag. */
  readonly ifNoneMatch?: string;
  /** Hash the bytes while they arrive. */
  readonly sha256?: boolean;
}

export interface PutOptions extends CallOptions {
  /** `absent`: only create. `{ etag }`: only replace that very object. Left out: overwrite. */
  readonly when?: "absent" | { readonly etag: string };
  readonly contentType?: string;
}

export interface ListOptions extends CallOptions {
  readonly delimiter?: string;
  readonly cursor?: string;
  /** At most this many keys and prefixes together, 1 to 1000 (default 1000). */
  readonly limit?: number;
}

type Answer<T> = Promise<Result<T, StoreFailure>>;

/** Object storage with conditional writes. Keys are UTF-8 text without a leading slash. Never throws for what a store can answer. */
export interface ObjectStore {
  get(key: string, options: GetOptions): Answer<StoredObject>;
  head(key: string, options: CallOptions): Answer<ObjectHead>;
  /** Writes whole objects; the answer is the new etag. */
  put(key: string, bytes: Bytes, options: PutOptions): Answer<{ readonly etag: string }>;
  /** Keys in UTF-8 byte order. */
  list(prefix: string, options: ListOptions): Answer<ObjectPage>;
  /** Idempotent: deleting what is absent succeeds. */
  delete(key: string, options: CallOptions): Answer<undefined>;
}
