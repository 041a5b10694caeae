import { ok } from "../../core/model/result.ts";
import { isCount, type SharedCache } from "../../core/ports/shared-cache.ts";
import {
  call,
  clientFor as clientOf,
  evaluate,
  isTexts,
  type UpstashConfig,
  unexpected,
} from "./client.ts";

/**
 * The shared cache port over Upstash's REST protocol. One HTTP call each, never
 * retried: the caller has a deadline, and going without is better than waiting.
 */
export function createUpstashSharedCache(config: UpstashConfig): SharedCache {
  const { keyPrefix } = config;
  const clientFor = (deadlineMs: number) => clientOf(config, deadlineMs);
  return {
    ping: (deadlineMs) =>
      call("PING", async () => {
        const answer = await (await clientFor(deadlineMs)).ping();
        return answer === "PONG" ? ok(undefined) : unexpected("PING");
      }),
    get: (key, deadlineMs) =>
      call("GET", async () => {
        const value = await (await clientFor(deadlineMs)).get<unknown>(keyPrefix + key);
        if (value === null) return ok(undefined);
        return typeof value === "string" ? ok(value) : unexpected("GET");
      }),
    set: (key, value, { deadlineMs, ttlMs }) =>
      call("SET", async () => {
        const options = ttlMs === undefined ? undefined : { px: ttlMs };
        const answer = await (await clientFor(deadlineMs)).set(keyPrefix + key, value, options);
        return answer === "OK" ? ok(undefined) : unexpected("SET");
      }),
    getMany: (keys, deadlineMs) =>
      call("MGET", async () => {
        if (keys.length === 0) return ok([]);
        const prefixed = keys.map((key) => keyPrefix + key);
        const values = await (await clientFor(deadlineMs)).mget<unknown[]>(prefixed);
        if (!Array.isArray(values) || values.length !== keys.length) return unexpected("MGET");
        return values.every(isTextOrNull)
          ? ok(values.map((value) => value ?? undefined))
          : unexpected("MGET");
      }),
    increment: (key, deadlineMs) =>
      call("INCR", async () => {
        const value: unknown = await (await clientFor(deadlineMs)).incr(keyPrefix + key);
        return typeof value === "number" && isCount(`${value}`) ? ok(value) : unexpected("INCR");
      }),
    mendCounters: (keys, deadlineMs) =>
      call("EVAL", async () => {
        const { MEND_COUNTERS } = await import("./shared-cache-scripts.ts");
        const prefixed = keys.map((key) => keyPrefix + key);
        const now = [`${Date.now()}`];
        const mended = await evaluate(config, MEND_COUNTERS, prefixed, now, deadlineMs);
        return typeof mended === "number" ? ok(mended) : unexpected("EVAL");
      }),
    setIfAbsent: (key, value, { deadlineMs, ttlMs }) =>
      call("SET", async () => {
        const options = { px: ttlMs, nx: true } as const;
        const answer: unknown = await (await clientFor(deadlineMs)).set(
          keyPrefix + key,
          value,
          options,
        );
        if (answer === null) return ok(false);
        return answer === "OK" ? ok(true) : unexpected("SET");
      }),
    exchange: (key, value, { expected, deadlineMs, ttlMs }) =>
      call("EVAL", async () => {
        const { EXCHANGE } = await import("./shared-cache-scripts.ts");
        const words = [value, `${ttlMs}`, ...(expected === undefined ? [] : [expected])];
        const found = await evaluate(config, EXCHANGE, [keyPrefix + key], words, deadlineMs);
        if (!isTexts(found)) return unexpected("EVAL");
        return ok(found[0] ?? value);
      }),
  };
}

const isTextOrNull = (value: unknown): value is string | null =>
  value === null || typeof value === "string";
