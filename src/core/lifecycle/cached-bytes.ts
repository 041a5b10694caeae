import type { Manifest } from "../model/manifest.ts";
import type { BytesCache, CachedBytes } from "../ports/bytes-cache.ts";
import type { Events } from "../ports/events.ts";
import type { StoredObject } from "../ports/object-store.ts";

export interface CachedBytesDeps {
  /** Missing where the platform has none. */
  readonly bytesCache?: BytesCache | undefined;
  readonly events: Events;
}

/**
 * A version's bytes from the cache near the isolate, if it has them whole: their digest is that
 * of the cache's own hint, which is still to be compared with the manifest's. Bytes of another
 * digest are dropped from the cache and told of. At most two calls to the cache.
 */
export async function cachedBytes(
  { bytesCache, events }: CachedBytesDeps,
  model: string,
  version: string,
  maxBytes: number,
): Promise<StoredObject | undefined> {
  const hint = await bytesCache?.recall(model, version);
  if (bytesCache === undefined || hint === undefined || hint.sizeBytes > maxBytes) return undefined;
  const cached = await bytesCache.get(hint);
  if (cached === undefined) return undefined;
  if (cached.sha256 === hint.digest) return { ...cached, etag: hint.etag };
  // Waited for: what the store gives instead will be put in the same place.
  await bytesCache.drop(hint.digest);
  const { digest } = hint;
  events.emit({ kind: "cached_bytes_dropped", model, version, digest, detail: wrong(cached) });
  return undefined;
}

/** Keeps verified bytes for the isolates to come; bytes first, then the hint that leads to them. Never throws. */
export async function keepBytes(
  bytesCache: BytesCache,
  { name, version, digest }: Manifest,
  { bytes, etag }: StoredObject,
): Promise<void> {
  await bytesCache.put(digest, bytes);
  await bytesCache.remember(name, version, { digest, etag, sizeBytes: bytes.byteLength });
}

const wrong = ({ bytes, sha256 }: CachedBytes): string =>
  `the cache gave ${bytes.byteLength} bytes with SHA-256 ${sha256}`;
