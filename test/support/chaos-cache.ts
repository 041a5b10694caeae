import { fail } from "../../src/core/model/result.ts";
import type { SharedCache } from "../../src/core/ports/shared-cache.ts";

/** A shared cache in front of another one that counts, and is silent while it is told to be. */
export interface ChaosCache extends SharedCache {
  /** Commands so far, such as `getMany catalog epoch`. */
  readonly calls: string[];
  silent: boolean;
}

export function createChaosCache(inner: SharedCache): ChaosCache {
  const calls: string[] = [];
  const silence = fail({ reason: "unreachable", detail: "the test cut the line" } as const);
  const chaos: ChaosCache = {
    calls,
    silent: false,
    ping: (deadlineMs) => through("ping", () => inner.ping(deadlineMs)),
    get: (key, deadlineMs) => through(`get ${key}`, () => inner.get(key, deadlineMs)),
    set: (key, value, options) => through(`set ${key}`, () => inner.set(key, value, options)),
    getMany: (keys, deadlineMs) =>
      through(`getMany ${keys.join(" ")}`, () => inner.getMany(keys, deadlineMs)),
    increment: (key, deadlineMs) =>
      through(`increment ${key}`, () => inner.increment(key, deadlineMs)),
    setIfAbsent: (key, value, options) =>
      through(`setIfAbsent ${key}`, () => inner.setIfAbsent(key, value, options)),
    mendCounters: (keys, deadlineMs) =>
      through(`mendCounters ${keys.join(" ")}`, () => inner.mendCounters(keys, deadlineMs)),
    exchange: (key, value, options) =>
      through(`exchange ${key}`, () => inner.exchange(key, value, options)),
  };
  async function through<T>(call: string, work: () => Promise<T>) {
    calls.push(call);
    return chaos.silent ? silence : work();
  }
  return chaos;
}
