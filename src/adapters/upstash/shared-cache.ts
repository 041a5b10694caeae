import type { Redis } from "@upstash/redis";
import { fail, ok, type Result } from "../../core/model/result.ts";
import type { SharedCache, SharedCacheFailure } from "../../core/ports/shared-cache.ts";

export interface UpstashConfig {
  readonly url: string;
  readonly token: string;
  /** Put before every key, such as `freshet:production:`. */
  readonly keyPrefix: string;
}

type Answer<T> = Promise<Result<T, SharedCacheFailure>>;

/**
 * The shared cache port over Upstash's REST protocol. One HTTP call each, never
 * retried: the caller has a deadline, and going without is better than waiting.
 */
export function createUpstashSharedCache({ url, token, keyPrefix }: UpstashConfig): SharedCache {
  /** A client for one call: its deadline is a property of the client. */
  const clientFor = async (deadlineMs: number): Promise<Redis> => {
    // Loaded when it is first used: a cold start does not wait for it.
    const { Redis: Client } = await import("@upstash/redis");
    return new Client({
      url,
      token,
      // `false` would mean two attempts.
      retry: { retries: 0 },
      enableTelemetry: false,
      // It would turn "12345" into a number and strip the quotes of an ETag.
      automaticDeserialization: false,
      // A signal rather than a function that gives one makes a timeout look like an answer.
      signal: () => AbortSignal.timeout(Math.max(1, Math.ceil(deadlineMs))),
    });
  };
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
        return typeof value === "number" && Number.isSafeInteger(value)
          ? ok(value)
          : unexpected("INCR");
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
  };
}

const isTextOrNull = (value: unknown): value is string | null =>
  value === null || typeof value === "string";

const unexpected = (command: string): Result<never, SharedCacheFailure> =>
  fail({ reason: "refused", detail: `${command}: the answer is not one of Redis` });

/** Whatever the client throws is a failure, never a value. */
async function call<T>(command: string, send: () => Answer<T>): Answer<T> {
  try {
    return await send();
  } catch (error) {
    const reason = reasonOf(error);
    return fail({ reason, detail: `${command}: ${reason}`, cause: error });
  }
}

/** Redis' own text comes first; the client adds the command after it, and with it whatever a caller wrote. */
function reasonOf(error: unknown): SharedCacheFailure["reason"] {
  if (!(error instanceof Error)) return "unreachable";
  const [text = ""] = error.message.split(", command was: ");
  if (/unauthorized|invalid token|WRONGPASS|NOPERM|\b401\b/i.test(text)) return "denied";
  return error.name === "UpstashError" ? "refused" : "unreachable";
}
