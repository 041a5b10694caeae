import { describe, expect, it } from "vitest";
import { createCacheApi } from "../../src/adapters/web-platform/cache-api.ts";
import { createSystemClock } from "../../src/adapters/web-platform/clock.ts";
import { createWorkersDigest } from "../../src/adapters/web-platform/digest.ts";
import type { BytesCache } from "../../src/core/ports/bytes-cache.ts";
import { describeBytesCache, someBytes } from "../contract/bytes-cache/suite.ts";

type UsedCache = NonNullable<Parameters<typeof createCacheApi>[1]>;

const digest = createWorkersDigest();
const clock = createSystemClock();

function create(bucket = "models", given = clock, under: UsedCache = caches.default): BytesCache {
  const options = { namespace: ["dev", bucket, "a/b/"], digest, clock: given };
  const cache = createCacheApi(options, under);
  if (cache === undefined) throw new Error("workerd has caches");
  return cache;
}

describeBytesCache("the Workers' Cache API", () => create());

/** The real cache, whose reads do as the test says. */
const reading = (match: UsedCache["match"]): UsedCache => ({
  match,
  put: (...given) => caches.default.put(...given),
  delete: (...given) => caches.default.delete(...given),
});

describe("the Workers' Cache API, moreover", () => {
  it("keeps buckets that share a data centre apart", async () => {
    const [one, other] = [create("one"), create("other")];
    const { bytes, digest: sha256 } = await someBytes(10);
    await one.put(sha256, bytes);
    await one.remember("iris", "1", { digest: sha256, etag: '"1"', sizeBytes: 10 });
    expect(await other.get({ digest: sha256, sizeBytes: 10 })).toBeUndefined();
    expect(await other.recall("iris", "1")).toBeUndefined();
  });

  it("gives whole files to many who ask at once", async () => {
    const cache = create();
    const { bytes, digest: sha256 } = await someBytes(2 * 1024 * 1024);
    await cache.put(sha256, bytes);
    const asked = Array.from({ length: 8 }, () =>
      cache.get({ digest: sha256, sizeBytes: bytes.length }),
    );
    for (const got of await Promise.all(asked)) expect(got?.sha256).toBe(sha256);
  });

  it("takes a hint that it did not write for none", async () => {
    const url = "https://freshet.internal/dev/odd/a%2Fb%2F/versions/iris/1";
    const headers = { "cache-control": "public, max-age=600", "x-freshet-digest": "../secret" };
    await caches.default.put(url, new Response("", { headers }));
    expect(await create("odd").recall("iris", "1")).toBeUndefined();
  });

  it("is a miss when the cache refuses, and is then left alone for half a minute", async () => {
    let now = 0;
    let asked = 0;
    let refuses = true;
    const under = reading(async (key) => {
      asked += 1;
      if (refuses) throw new Error("there is no cache here");
      return caches.default.match(key);
    });
    const cache = create("refusing", { ...clock, now: () => now }, under);
    const { bytes, digest: sha256 } = await someBytes(10);
    await cache.put(sha256, bytes);
    expect(await cache.get({ digest: sha256, sizeBytes: 10 })).toBeUndefined();
    refuses = false;
    now = 29_999;
    expect(await cache.recall("iris", "1")).toBeUndefined();
    expect([asked, cache.counts()]).toMatchObject([1, { misses: 2, errors: 1 }]);
    now = 30_000;
    expect((await cache.get({ digest: sha256, sizeBytes: 10 }))?.sha256).toBe(sha256);
  });

  it("waits for a cache that hangs no longer than a second", async () => {
    const cache = create(
      "hanging",
      clock,
      reading(() => new Promise(() => undefined)),
    );
    const startedMs = Date.now();
    expect(await cache.recall("iris", "1")).toBeUndefined();
    expect(Date.now() - startedMs).toBeLessThan(3_000);
    expect(cache.counts().errors).toBe(1);
  });
});
