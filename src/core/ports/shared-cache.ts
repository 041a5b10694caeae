import type { Result } from "../model/result.ts";

/** The shared cache gave no answer: never a hit, never "absent". */
export interface SharedCacheFailure {
  /** `paused`: it was not even asked, as it has been silent. */
  readonly reason: "unreachable" | "denied" | "refused" | "paused";
  /** One line for a log, without tokens. */
  readonly detail: string;
  readonly cause?: unknown;
  /** Of `paused`: milliseconds until it is asked again. */
  readonly retryAfterMs?: number;
}

/** Redis as the core sees it. Keys come without the environment's prefix. Values are text, returned exactly as written. */
export interface SharedCache {
  /** One round trip; tells whether the cache answers. */
  ping(deadlineMs: number): Promise<Result<undefined, SharedCacheFailure>>;
  /** `undefined` when the key is absent or has expired. */
  get(key: string, deadlineMs: number): Promise<Result<string | undefined, SharedCacheFailure>>;
  /** `ttlMs`: milliseconds until the key expires, at least 1; left out, it stays. */
  set(
    key: string,
    value: string,
    options: { readonly deadlineMs: number; readonly ttlMs?: number },
  ): Promise<Result<undefined, SharedCacheFailure>>;
  /** Many keys in one round trip; the answers in their order, `undefined` for what is not there. */
  getMany(
    keys: readonly string[],
    deadlineMs: number,
  ): Promise<Result<readonly (string | undefined)[], SharedCacheFailure>>;
  /** Raises a counter by one and answers what it is then; one that is not there counts from 0. */
  increment(key: string, deadlineMs: number): Promise<Result<number, SharedCacheFailure>>;
  /** As `set`, only where the key is not there: true for the one who made it. A lease by its expiry. */
  setIfAbsent(
    key: string,
    value: string,
    options: { readonly deadlineMs: number; readonly ttlMs: number },
  ): Promise<Result<boolean, SharedCacheFailure>>;
}
