import { fail, type Result } from "../model/result.ts";
import type { TensorSpec } from "../model/tensor.ts";
import type { Clock } from "../ports/clock.ts";
import type { Events } from "../ports/events.ts";
import type { SharedCache, SharedCacheFailure } from "../ports/shared-cache.ts";
import { Breaker, type BreakerState } from "./breaker.ts";
import type { CachedPrediction } from "./cached-prediction.ts";
import { type FlightContext, waitAtMost } from "./single-flight.ts";

/** Longer values are not worth their way. */
const MAX_VALUE_CHARACTERS = 512 * 1024;
/** Nobody waits for a write: it may take longer than a read. */
const WRITE_DEADLINE_MS = 1_000;

export interface RedisPredictionsOptions {
  readonly sharedCache: SharedCache;
  /** What a request waits at most. */
  readonly deadlineMs: number;
  readonly clock: Pick<Clock, "now">;
  readonly events: Events;
}

export interface RedisStats {
  readonly hits: number;
  readonly misses: number;
  readonly stale: number;
  readonly errors: number;
  readonly breaker: BreakerState;
}

/** What an answer must be of, to be taken for one. */
export interface Expected {
  readonly digest: string;
  /** Specs of the outputs asked for, in their order. */
  readonly outputs: readonly TensorSpec[];
}

/**
 * Predictions in Redis, shared by isolates. A timeout, an error or a value that does not fit is a
 * miss and is counted; after three failures in a row no request spends a millisecond on it.
 */
export class RedisPredictions {
  readonly #options: RedisPredictionsOptions;
  readonly #breaker: Breaker;
  readonly #counts = { hits: 0, misses: 0, stale: 0, errors: 0 };

  constructor(options: RedisPredictionsOptions) {
    this.#options = options;
    this.#breaker = new Breaker(options.clock);
  }

  /** One GET at most, and no longer than the deadline. Never fails. */
  async get(
    context: FlightContext,
    key: string,
    expected: Expected,
  ): Promise<CachedPrediction | undefined> {
    if (!this.#breaker.mayAsk()) return undefined;
    const { sharedCache, deadlineMs, clock } = this.#options;
    const answer = await within(context, deadlineMs, sharedCache.get(key, deadlineMs));
    if (!answer.ok) return this.#fail(answer.failure);
    this.#breaker.succeeded();
    if (answer.value === undefined) {
      this.#counts.misses += 1;
      return undefined;
    }
    // Loaded with the first value: an isolate without Redis never needs it.
    const { readDocument } = await import("./prediction-document.ts");
    const found = readDocument(answer.value, expected);
    if (found === undefined) {
      this.#counts.errors += 1;
      return undefined;
    }
    const now = clock.now();
    if (now >= found.staleUntilMs) {
      this.#counts.misses += 1;
      return undefined;
    }
    if (now < found.freshUntilMs) this.#counts.hits += 1;
    else this.#counts.stale += 1;
    return found;
  }

  /** Writes a prediction for as long as it may be answered. For the background; never fails. */
  async put(context: FlightContext, key: string, prediction: CachedPrediction): Promise<void> {
    const { sharedCache, clock } = this.#options;
    const ttlMs = prediction.staleUntilMs - clock.now();
    if (ttlMs < 1) return;
    const { writeDocument } = await import("./prediction-document.ts");
    const value = writeDocument(prediction);
    if (value.length > MAX_VALUE_CHARACTERS || !this.#breaker.mayAsk()) return;
    const deadlineMs = WRITE_DEADLINE_MS;
    const answer = await within(
      context,
      deadlineMs,
      sharedCache.set(key, value, { deadlineMs, ttlMs }),
    );
    if (answer.ok) this.#breaker.succeeded();
    else this.#fail(answer.failure);
  }

  /**
   * Writes the first answer to a key, or takes over the one that somebody else wrote before: of
   * two that computed the same, all callers get one. `undefined` when Redis did not answer, or
   * the value is too large for it: then nothing is known to be kept.
   * @param newerThanMs what was made before this moment is no answer, and is replaced
   */
  async putFirst(
    context: FlightContext,
    key: string,
    { prediction, newerThanMs }: { readonly prediction: CachedPrediction; newerThanMs: number },
  ): Promise<CachedPrediction | undefined> {
    const { sharedCache, clock } = this.#options;
    const { readDocument, writeDocument } = await import("./prediction-document.ts");
    const value = writeDocument(prediction);
    // Whatever the breaker says: no request waits for it, and what it keeps is not made twice.
    if (value.length > MAX_VALUE_CHARACTERS) return undefined;
    const deadlineMs = WRITE_DEADLINE_MS;
    const options = { deadlineMs, ttlMs: Math.max(1, prediction.staleUntilMs - clock.now()) };
    const first = await within(context, deadlineMs, sharedCache.setIfAbsent(key, value, options));
    if (!first.ok) return this.#fail(first.failure);
    this.#breaker.succeeded();
    if (first.value) return prediction;
    const read = await within(context, deadlineMs, sharedCache.get(key, deadlineMs));
    if (!read.ok) return this.#fail(read.failure);
    const { askedDigest: digest, outputs } = prediction;
    const other =
      read.value === undefined ? undefined : readDocument(read.value, { digest, outputs });
    if (other !== undefined && other.createdAtMs >= newerThanMs) return other;
    const written = await within(context, deadlineMs, sharedCache.set(key, value, options));
    return written.ok ? prediction : this.#fail(written.failure);
  }

  get isOpen(): boolean {
    return this.#breaker.state === "open";
  }

  stats(): RedisStats {
    return { ...this.#counts, breaker: this.#breaker.state };
  }

  #fail({ reason, detail }: SharedCacheFailure): undefined {
    this.#counts.errors += 1;
    if (this.#breaker.failed()) {
      this.#options.events.emit({ kind: "prediction_redis_paused", reason, detail });
    }
    return undefined;
  }
}

type Answer<T> = Result<T, SharedCacheFailure>;

/** The caller's own timer beside the adapter's: what hangs in between costs no more either. */
async function within<T>(
  { clock }: FlightContext,
  deadlineMs: number,
  asked: Promise<Answer<T>>,
): Promise<Answer<T>> {
  const answered = await waitAtMost(clock, asked, deadlineMs);
  if (answered !== undefined) return answered.value;
  return fail({ reason: "unreachable", detail: `no answer within ${deadlineMs} ms` });
}
