import { fail, ok } from "../../core/model/result.ts";
import type { Clock } from "../../core/ports/clock.ts";
import { isCount, type SharedCache } from "../../core/ports/shared-cache.ts";

interface Kept {
  readonly value: string;
  readonly untilMs: number;
}

/** The shared cache port in this process's memory: for tests and for trying things out. */
export function createMemorySharedCache({ now }: Pick<Clock, "now">): SharedCache {
  const kept = new Map<string, Kept>();
  const read = (key: string): string | undefined => {
    const found = kept.get(key);
    return found !== undefined && now() < found.untilMs ? found.value : undefined;
  };
  const write = (key: string, value: string, ttlMs = Number.POSITIVE_INFINITY): void => {
    kept.set(key, { value, untilMs: now() + ttlMs });
  };
  const mend = (key: string): number => {
    const found = read(key);
    if (isCount(found)) return 0;
    write(key, found === undefined ? "0" : String(now()));
    return found === undefined ? 0 : 1;
  };
  return {
    ping: async () => ok(undefined),
    get: async (key) => ok(read(key)),
    getMany: async (keys) => ok(keys.map(read)),
    async set(key, value, { ttlMs }) {
      write(key, value, ttlMs);
      return ok(undefined);
    },
    async setIfAbsent(key, value, { ttlMs }) {
      if (read(key) !== undefined) return ok(false);
      write(key, value, ttlMs);
      return ok(true);
    },
    async increment(key) {
      const found = read(key) ?? "0";
      const next = `${Number(found) + 1}`;
      if (!isCount(found) || !isCount(next)) return fail({ reason: "refused", detail: "no count" });
      write(key, next);
      return ok(Number(next));
    },
    mendCounters: async (keys) => ok(keys.reduce((mended, key) => mended + mend(key), 0)),
    async exchange(key, value, { expected, ttlMs }) {
      const found = read(key);
      if (found !== undefined && found !== expected) return ok(found);
      write(key, value, ttlMs);
      return ok(value);
    },
  };
}
