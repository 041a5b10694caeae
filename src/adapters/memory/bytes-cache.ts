import { sha256Of } from "../../core/lifecycle/hash-bytes.ts";
import type { Bytes } from "../../core/model/tensor.ts";
import type { BytesCache, BytesHint } from "../../core/ports/bytes-cache.ts";
import type { Digest } from "../../core/ports/digest.ts";

/** A bytes cache in memory that forgets nothing, for tests of what stands on the port. */
export function createMemoryBytesCache(digest: Digest): BytesCache {
  const hints = new Map<string, BytesHint>();
  const kept = new Map<string, Bytes>();
  const counts = { hits: 0, misses: 0, errors: 0, stored: 0, dropped: 0 };
  return {
    async recall(model, version) {
      const hint = hints.get(`${model}@${version}`);
      if (hint === undefined) counts.misses += 1;
      return hint;
    },
    async remember(model, version, hint) {
      hints.set(`${model}@${version}`, hint);
    },
    async get({ digest: sha256, sizeBytes }) {
      const bytes = kept.get(sha256)?.slice(0, sizeBytes);
      if (bytes === undefined) {
        counts.misses += 1;
        return undefined;
      }
      counts.hits += 1;
      return { bytes, sha256: await sha256Of(digest, bytes) };
    },
    async put(sha256, bytes) {
      kept.set(sha256, bytes.slice());
      counts.stored += 1;
    },
    async drop(sha256) {
      kept.delete(sha256);
      counts.dropped += 1;
    },
    counts: () => ({ ...counts }),
  };
}
