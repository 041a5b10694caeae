import { ok } from "../../core/model/result.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { SharedCache } from "../../core/ports/shared-cache.ts";

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
      const next = Number(read(key) ?? 0) + 1;
      write(key, String(next));
      return ok(next);
    },
  };
}
