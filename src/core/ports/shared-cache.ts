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
  /**
   * Raises a counter by one and answers what it is then; one that is not there counts from 0.
   * `refused` where what stands there is not to be counted on, or came to no count (`isCount`).
   */
  increment(key: string, deadlineMs: number): Promise<Result<number, SharedCacheFailure>>;
  /**
   * Makes a count (`isCount`) of everything at these keys that is none, whoever wrote it and of
   * whatever type: the milliseconds since 1970, so that it is none that anybody has seen. What is
   * not there becomes 0, counts stay. One round trip. How many were mended.
   */
  mendCounters(
    keys: readonly string[],
    deadlineMs: number,
  ): Promise<Result<number, SharedCacheFailure>>;
  /** As `set`, only where the key is not there: true for the one who made it. A lease by its expiry. */
  setIfAbsent(
    key: string,
    value: string,
    options: { readonly deadlineMs: number; readonly ttlMs: number },
  ): Promise<Result<boolean, SharedCacheFailure>>;
  /**
   * Writes a value where the key is not there, or holds exactly the text `expected`: nothing that
   * somebody else has written meanwhile is overwritten. One round trip, which carries both texts.
   * @returns what stands there then: the value, or that of somebody else
   */
  exchange(
    key: string,
    value: string,
    options: {
      readonly expected?: string | undefined;
      readonly deadlineMs: number;
      readonly ttlMs: number;
    },
  ): Promise<Result<string, SharedCacheFailure>>;
}

/** What counting from 0 by one makes, up to 15 digits: a number in every place that reads it. */
export const isCount = (text: string | undefined): boolean =>
  text !== undefined && /^(0|[1-9]\d{0,14})$/.test(text);
