import { describe, expect, it } from "vitest";
import type { Bytes } from "../../../src/core/model/tensor.ts";
import type { BytesCache } from "../../../src/core/ports/bytes-cache.ts";

/** Bytes that no other test has, and a digest for them: the cache is not to know whether it is theirs. */
export async function someBytes(sizeBytes: number): Promise<{ bytes: Bytes; digest: string }> {
  const bytes = new Uint8Array(sizeBytes).map((_, index) => index * 7);
  crypto.getRandomValues(bytes.subarray(0, 16));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const digest = Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { bytes, digest };
}

/** The promises of the bytes cache port. `create` gives an adapter whose counts are at zero. */
export function describeBytesCache(name: string, create: () => BytesCache): void {
  describe(name, () => {
    it("does not have what nobody put there", async () => {
      const cache = create();
      const { digest } = await someBytes(20);
      expect(await cache.get({ digest, sizeBytes: 20 })).toBeUndefined();
      expect(await cache.recall("nobody", "1")).toBeUndefined();
      expect(cache.counts()).toMatchObject({ hits: 0, misses: 2, errors: 0 });
    });

    it.each([1, 4_096, 3 * 1024 * 1024 + 1])("gives back %i bytes, hashed", async (sizeBytes) => {
      const cache = create();
      const { bytes, digest } = await someBytes(sizeBytes);
      await cache.put(digest, bytes);
      const got = await cache.get({ digest, sizeBytes });
      expect(got?.sha256).toBe(digest);
      expect(got?.bytes.byteLength).toBe(sizeBytes);
      expect(got?.bytes.every((byte, index) => byte === bytes[index])).toBe(true);
      expect(cache.counts()).toEqual({ hits: 1, misses: 0, errors: 0, stored: 1, dropped: 0 });
    });

    it("gives them again and again, to each a copy of its own", async () => {
      const cache = create();
      const { bytes, digest } = await someBytes(100);
      await cache.put(digest, bytes);
      const first = await cache.get({ digest, sizeBytes: 100 });
      first?.bytes.fill(0);
      expect((await cache.get({ digest, sizeBytes: 100 }))?.sha256).toBe(digest);
    });

    it("hashes what came, not what was asked for", async () => {
      const cache = create();
      const { digest } = await someBytes(50);
      const other = await someBytes(50);
      await cache.put(digest, other.bytes);
      expect((await cache.get({ digest, sizeBytes: 50 }))?.sha256).toBe(other.digest);
    });

    it("never gives more than was asked for, and what there is when that is less", async () => {
      const cache = create();
      const { bytes, digest } = await someBytes(80);
      await cache.put(digest, bytes);
      expect((await cache.get({ digest, sizeBytes: 50 }))?.bytes).toEqual(bytes.subarray(0, 50));
      expect((await cache.get({ digest, sizeBytes: 90 }))?.bytes).toEqual(bytes);
    });

    it("has no longer what was dropped", async () => {
      const cache = create();
      const { bytes, digest } = await someBytes(30);
      await cache.put(digest, bytes);
      await cache.drop(digest);
      expect(await cache.get({ digest, sizeBytes: 30 })).toBeUndefined();
      expect(cache.counts()).toMatchObject({ stored: 1, dropped: 1, misses: 1 });
    });

    it("remembers what was last said of a version, and of no other", async () => {
      const cache = create();
      const { digest } = await someBytes(10);
      const model = `a-${digest.slice(0, 8)}`;
      await cache.remember(model, "1", { digest, etag: '"first"', sizeBytes: 10 });
      const last = { digest, etag: 'W/"se, cond"', sizeBytes: 11 };
      await cache.remember(model, "1", last);
      expect(await cache.recall(model, "1")).toEqual(last);
      expect(await cache.recall(model, "11")).toBeUndefined();
      expect(await cache.recall(`${model}1`, "1")).toBeUndefined();
    });
  });
}
