import { expect } from "vitest";
import type { ObjectStore } from "../../src/core/ports/object-store.ts";

/** A store that remembers what was written through it. */
export interface WatchedStore extends ObjectStore {
  /** Keys that were written or deleted, since the last time it was asked. */
  takeWritten(): ReadonlySet<string>;
  /** What stands under a key, by what the store took last. */
  standing(key: string): Uint8Array | undefined;
}

/**
 * Watches the only writer of a bucket: what it has not written since has not changed. Whenever
 * the writer itself reads, what the store gives must be what the store took.
 */
export function createWatchedStore(inner: ObjectStore): WatchedStore {
  let written = new Set<string>();
  const standing = new Map<string, Uint8Array>();
  return {
    async get(key, options) {
      const got = await inner.get(key, options);
      if (got.ok) expect([key, decode(got.value.bytes)]).toEqual([key, decode(standing.get(key))]);
      else expect([key, got.failure.reason, standing.has(key)]).toEqual([key, "absent", false]);
      return got;
    },
    head: (key, options) => inner.head(key, options),
    list: (prefix, options) => inner.list(prefix, options),
    async put(key, bytes, options) {
      const done = await inner.put(key, bytes, options);
      if (!done.ok) return done;
      written.add(key);
      standing.set(key, bytes);
      return done;
    },
    async delete(key, options) {
      const done = await inner.delete(key, options);
      if (!done.ok) return done;
      written.add(key);
      standing.delete(key);
      return done;
    },
    takeWritten() {
      const taken = written;
      written = new Set();
      return taken;
    },
    standing: (key) => standing.get(key),
  };
}

const decode = (bytes: Uint8Array | undefined) =>
  bytes === undefined ? undefined : new TextDecoder().decode(bytes);

/** A store that nobody writes to any more: each object and each listing is asked for once. */
export function createStillStore(inner: ObjectStore): ObjectStore {
  const gets = new Map<string, ReturnType<ObjectStore["get"]>>();
  const lists = new Map<string, ReturnType<ObjectStore["list"]>>();
  return {
    ...inner,
    head: (key, options) => inner.head(key, options),
    get: (key, options) => once(gets, key, () => inner.get(key, options)),
    list: (prefix, options) =>
      once(lists, JSON.stringify([prefix, options]), () => inner.list(prefix, options)),
    put: () => Promise.reject(new Error("a check writes nothing")),
    delete: () => Promise.reject(new Error("a check deletes nothing")),
  };
}

function once<T>(known: Map<string, Promise<T>>, key: string, ask: () => Promise<T>): Promise<T> {
  const answer = known.get(key) ?? ask();
  known.set(key, answer);
  return answer;
}
