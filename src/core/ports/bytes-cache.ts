import type { Bytes } from "../model/tensor.ts";

/** What was last known of a version's `model.onnx`. A hint, which lets bytes be looked for before the manifest is there. */
export interface BytesHint {
  /** SHA-256, lower-case hex. */
  readonly digest: string;
  /** The store's validator of the object. */
  readonly etag: string;
  readonly sizeBytes: number;
}

export interface CachedBytes {
  readonly bytes: Bytes;
  /** SHA-256 of `bytes` as they came, lower-case hex: whoever asked compares it. */
  readonly sha256: string;
}

/** Since the isolate began. */
export interface BytesCacheCounts {
  readonly hits: number;
  readonly misses: number;
  /** Calls that the cache refused, failed or did not answer in time. */
  readonly errors: number;
  /** Entries written, and entries taken out because their bytes were wrong. */
  readonly stored: number;
  readonly dropped: number;
}

/**
 * A place near the isolate that keeps immutable bytes by their digest, for as long as it
 * likes. Never throws: what it cannot do is a miss. Nothing it gives is to be trusted
 * before its digest was compared.
 */
export interface BytesCache {
  /** What `remember` last said of a version; `undefined` when that is not known here. */
  recall(model: string, version: string): Promise<BytesHint | undefined>;
  remember(model: string, version: string, hint: BytesHint): Promise<void>;
  /** At most `sizeBytes` bytes, hashed on the way; `undefined` when they are not kept here. */
  get(of: Pick<BytesHint, "digest" | "sizeBytes">): Promise<CachedBytes | undefined>;
  put(digest: string, bytes: Bytes): Promise<void>;
  drop(digest: string): Promise<void>;
  counts(): BytesCacheCounts;
}
