import { fail } from "../../src/core/model/result.ts";
import type { ObjectStore } from "../../src/core/ports/object-store.ts";

export interface MortalStore extends ObjectStore {
  /** Writes that went through. */
  readonly written: readonly string[];
  readonly isDead: boolean;
}

/**
 * The store as a process sees it that dies right after its `writes`-th write: that one is
 * done, nothing after it, and no answer is ever seen again.
 */
export function createMortalStore(inner: ObjectStore, writes: number): MortalStore {
  const written: string[] = [];
  const isDead = () => written.length >= writes;
  const dead = (key: string) =>
    Promise.resolve(fail({ reason: "unreachable", detail: `${key}: the process died` }));
  return {
    written,
    get isDead() {
      return isDead();
    },
    get: (key, options) => (isDead() ? dead(key) : inner.get(key, options)),
    head: (key, options) => (isDead() ? dead(key) : inner.head(key, options)),
    list: (prefix, options) => (isDead() ? dead(prefix) : inner.list(prefix, options)),
    async put(key, bytes, options) {
      if (isDead()) return dead(key);
      const done = await inner.put(key, bytes, options);
      if (done.ok) written.push(`put ${key}`);
      return isDead() ? dead(key) : done;
    },
    async delete(key, options) {
      if (isDead()) return dead(key);
      const done = await inner.delete(key, options);
      if (done.ok) written.push(`delete ${key}`);
      return isDead() ? dead(key) : done;
    },
  };
}
