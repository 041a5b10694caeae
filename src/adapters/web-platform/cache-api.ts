import type { Bytes } from "../../core/model/tensor.ts";
import type { BytesCache, BytesHint, CachedBytes } from "../../core/ports/bytes-cache.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Digest } from "../../core/ports/digest.ts";

export interface CacheApiOptions {
  /** Keeps apart those who share a zone's cache: the environment and the bucket. */
  readonly namespace: readonly string[];
  readonly digest: Digest;
  readonly clock: Clock;
}

/** Milliseconds that looking for a hint may take: it is all that a load waits for on a miss. */
const HINT_DEADLINE_MS = 1_000;
/** Milliseconds that reading or writing bytes may take. */
const BYTES_DEADLINE_MS = 3_000;
/** Milliseconds for which a cache that failed is left alone. */
const REST_MS = 30_000;
/** Read at a time: large enough that the runtime's own queue is not paid for each 4 KiB. */
const CHUNK_BYTES = 256 * 1024;

/** What is named by its digest never changes. */
const FOR_EVER = "public, max-age=31536000, immutable";

type UsedCache = Pick<Cache, "match" | "put" | "delete">;

const defaultCache = (): UsedCache | undefined =>
  typeof caches === "undefined" ? undefined : caches.default;

/**
 * The Workers' Cache API: one cache for each data centre, each call a subrequest. Without an
 * effect on `workers.dev` and behind Cloudflare Access, where all is a miss.
 * Source: Cloudflare, "Workers runtime APIs: Cache".
 * @returns `undefined` where there is no such thing
 */
export function createCacheApi(
  options: CacheApiOptions,
  cache = defaultCache(),
): BytesCache | undefined {
  return cache === undefined ? undefined : over(cache, options);
}

function over(cache: UsedCache, { namespace, digest, clock }: CacheApiOptions): BytesCache {
  // Not a host that exists: nobody but this Worker's own calls can ask for these.
  const base = `https://freshet.internal/${namespace.map(encodeURIComponent).join("/")}`;
  const bytesUrl = (sha256: string) => `${base}/models/${sha256}`;
  const hintUrl = (model: string, version: string) => `${base}/versions/${model}/${version}`;
  const counts = { hits: 0, misses: 0, errors: 0, stored: 0, dropped: 0 };
  let restsUntilMs = 0;

  /** Whatever goes wrong is no answer, and for a while not asked again. */
  async function attempt<T>(deadlineMs: number, call: () => Promise<T>): Promise<T | undefined> {
    if (clock.now() < restsUntilMs) return undefined;
    const timer = clock.after(deadlineMs);
    try {
      return await Promise.race([call(), timer.done.then(refuseLate)]);
    } catch {
      counts.errors += 1;
      restsUntilMs = clock.now() + REST_MS;
      return undefined;
    } finally {
      timer.cancel();
    }
  }

  return {
    async recall(model, version) {
      const hint = await attempt(HINT_DEADLINE_MS, async () => {
        const kept = await cache.match(hintUrl(model, version));
        await kept?.body?.cancel();
        return kept === undefined ? undefined : readHint(kept.headers);
      });
      if (hint === undefined) counts.misses += 1;
      return hint;
    },
    remember: (model, version, hint) =>
      attempt(HINT_DEADLINE_MS, () =>
        cache.put(hintUrl(model, version), new Response("", { headers: hintHeaders(hint) })),
      ),
    async get({ digest: sha256, sizeBytes }) {
      const found = await attempt(BYTES_DEADLINE_MS, async () => {
        const kept = await cache.match(bytesUrl(sha256));
        return kept?.body ? hashed(digest, await readInto(kept.body, sizeBytes)) : undefined;
      });
      if (found === undefined) counts.misses += 1;
      else counts.hits += 1;
      return found;
    },
    put: (sha256, bytes) =>
      attempt(BYTES_DEADLINE_MS, async () => {
        const headers = {
          "cache-control": FOR_EVER,
          "content-type": "application/octet-stream",
        };
        await cache.put(bytesUrl(sha256), new Response(bytes, { headers }));
        counts.stored += 1;
      }),
    drop: (sha256) =>
      attempt(BYTES_DEADLINE_MS, async () => {
        await cache.delete(bytesUrl(sha256));
        counts.dropped += 1;
      }),
    counts: () => ({ ...counts }),
  };
}

const refuseLate = (): never => {
  throw new Error("no answer in time");
};

const hintHeaders = ({ digest, etag, sizeBytes }: BytesHint): Record<string, string> => ({
  "cache-control": FOR_EVER,
  "x-freshet-digest": digest,
  "x-freshet-etag": etag,
  "x-freshet-size": String(sizeBytes),
});

/** `undefined` when it is not one that was written here. */
function readHint(headers: Headers): BytesHint | undefined {
  const digest = headers.get("x-freshet-digest") ?? "";
  const etag = headers.get("x-freshet-etag") ?? "";
  const size = headers.get("x-freshet-size") ?? "";
  if (!/^[0-9a-f]{64}$/.test(digest) || etag === "" || !/^\d{1,15}$/.test(size)) return undefined;
  return { digest, etag, sizeBytes: Number(size) };
}

/** Into one buffer: the isolate never holds the bytes twice. What comes past its end is left. */
async function readInto(body: ReadableStream<Uint8Array>, sizeBytes: number): Promise<Bytes> {
  const reader = body.getReader({ mode: "byob" });
  let buffer = new ArrayBuffer(sizeBytes);
  let filled = 0;
  while (filled < sizeBytes) {
    const length = Math.min(CHUNK_BYTES, sizeBytes - filled);
    const { value, done } = await reader.readAtLeast(
      length,
      new Uint8Array(buffer, filled, length),
    );
    if (value === undefined) return new Uint8Array(0);
    buffer = value.buffer;
    filled += value.byteLength;
    if (done || value.byteLength < length) break;
  }
  await reader.cancel();
  return new Uint8Array(buffer, 0, filled);
}

async function hashed(digest: Digest, bytes: Bytes): Promise<CachedBytes> {
  const hash = digest.sha256Stream();
  await hash.write(bytes);
  return { bytes, sha256: await hash.finish() };
}
