import { LRUCache } from "lru-cache";
import { fail, ok, type Result } from "../model/result.ts";
import type { Clock } from "../ports/clock.ts";
import type { Events } from "../ports/events.ts";
import type { SharedCache, SharedCacheFailure } from "../ports/shared-cache.ts";
import { Breaker, type BreakerState } from "./breaker.ts";
import type { CachedPrediction } from "./cached-prediction.ts";
import { alikeTo, type Expected, ofAnyShape } from "./expected.ts";
import { type FlightContext, waitAtMost } from "./single-flight.ts";

/** Longer values are not worth their way. */
const MAX_VALUE_CHARACTERS = 512 * 1024;
/** Nobody waits for a write: it may take longer than a read. */
const WRITE_DEADLINE_MS = 1_000;
/**
 * Small plans of Upstash take requests of 1 MB, and an exchange carries two texts: of what is
 * larger, two that renew it in the same moment may each be read for a moment.
 */
const MAX_EXCHANGE_CHARACTERS = 900_000;
const MAX_DIGESTS = 200;
/** What is past its time is read once and replaced; more often only where others write what is no answer. */
const MAX_EXCHANGES = 4;

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

/**
 * Predictions in Redis, shared by isolates. A timeout, an error or a value that does not fit is a
 * miss and is counted; after three failed reads in a row no request spends a millisecond on it.
 * Writes have a longer deadline and a breaker of their own: that a slow Redis takes them says
 * nothing about whether it answers a request in time.
 */
export class RedisPredictions {
  readonly #options: RedisPredictionsOptions;
  readonly #reads: Breaker;
  readonly #writes: Breaker;
  /** Digests of versions whose own answers are not of the shapes that their metadata says. */
  readonly #otherwiseShaped = new LRUCache<string, true>({ max: MAX_DIGESTS });
  readonly #counts = { hits: 0, misses: 0, stale: 0, errors: 0 };

  constructor(options: RedisPredictionsOptions) {
    this.#options = options;
    this.#reads = new Breaker(options.clock);
    this.#writes = new Breaker(options.clock);
  }

  /** One GET at most, and no longer than the deadline. Never fails. */
  async get(
    context: FlightContext,
    key: string,
    expected: Expected,
  ): Promise<CachedPrediction | undefined> {
    if (!this.#reads.mayAsk()) return undefined;
    const { sharedCache, deadlineMs, clock } = this.#options;
    const answer = await within(context, deadlineMs, sharedCache.get(key, deadlineMs));
    if (!answer.ok) return this.#fail(this.#reads, answer.failure);
    this.#reads.succeeded();
    if (answer.value === undefined) {
      this.#counts.misses += 1;
      return undefined;
    }
    // Loaded with the first value: an isolate without Redis never needs it.
    const { readDocument } = await import("./prediction-document.ts");
    const now = clock.now();
    const found = readDocument(answer.value, this.#asItIs(expected), now);
    if (found === undefined) {
      this.#counts.errors += 1;
      return undefined;
    }
    if (now >= found.staleUntilMs) {
      this.#counts.misses += 1;
      return undefined;
    }
    if (now < found.freshUntilMs) this.#counts.hits += 1;
    else this.#counts.stale += 1;
    return found;
  }

  /**
   * Writes a prediction that was computed here, for as long as it may be answered. For the
   * background; never fails. While reads fail nothing is written: nobody would read it.
   * @param expected what others will take it for: a version that answers otherwise is remembered
   */
  async put(
    context: FlightContext,
    key: string,
    prediction: CachedPrediction,
    expected: Expected,
  ): Promise<void> {
    const { sharedCache, clock } = this.#options;
    const ttlMs = prediction.staleUntilMs - clock.now();
    if (ttlMs < 1) return;
    const { fitOutputs, writeDocument } = await import("./prediction-document.ts");
    // Graphs may lie about their outputs, or count them by something else than rows.
    if (!fitOutputs(prediction.outputs, expected)) {
      this.#otherwiseShaped.set(expected.digest, true);
    }
    const value = writeDocument(prediction);
    if (value.length > MAX_VALUE_CHARACTERS) return;
    if (this.#reads.state !== "closed" || !this.#writes.mayAsk()) return;
    const deadlineMs = WRITE_DEADLINE_MS;
    const answer = await within(
      context,
      deadlineMs,
      sharedCache.set(key, value, { deadlineMs, ttlMs }),
    );
    if (answer.ok) this.#writes.succeeded();
    else this.#fail(this.#writes, answer.failure);
  }

  /** What is expected of a version that is known to answer otherwise than it says. */
  #asItIs(expected: Expected): Expected {
    return this.#otherwiseShaped.has(expected.digest) ? ofAnyShape(expected) : expected;
  }

  /**
   * Writes the first answer to a key, or takes over the one that somebody else wrote before: of
   * all that computed the same, also in the same moment, all callers get one. `undefined` when
   * Redis did not answer, or the value is too large for it: then nothing is known to be kept.
   * One round trip, two where an answer past its time is replaced.
   * @param newerThanMs what was made before this moment is no answer, and is replaced
   */
  async putFirst(
    context: FlightContext,
    key: string,
    { prediction, newerThanMs }: { readonly prediction: CachedPrediction; newerThanMs: number },
  ): Promise<CachedPrediction | undefined> {
    const { readDocument, writeDocument } = await import("./prediction-document.ts");
    const value = writeDocument(prediction);
    // Whatever the breakers say: no request waits for it, and what it keeps is not made twice.
    if (value.length > MAX_VALUE_CHARACTERS) return undefined;
    const alike = alikeTo(prediction);
    let expected: string | undefined;
    for (let trial = 0; trial < MAX_EXCHANGES; trial += 1) {
      const stood = await this.#exchange(context, key, { prediction, value, expected });
      if (!stood.ok) return this.#fail(this.#writes, stood.failure);
      this.#writes.succeeded();
      if (stood.value === value) return prediction;
      const other = readDocument(stood.value, alike, this.#options.clock.now());
      if (other !== undefined && other.createdAtMs >= newerThanMs) return other;
      expected = stood.value;
    }
    return undefined;
  }

  async #exchange(
    context: FlightContext,
    key: string,
    { prediction, value, expected }: Exchange,
  ): Promise<Answer<string>> {
    const { sharedCache, clock } = this.#options;
    const deadlineMs = WRITE_DEADLINE_MS;
    const ttlMs = Math.max(1, prediction.staleUntilMs - clock.now());
    const options = { deadlineMs, ttlMs };
    if (expected === undefined || value.length + expected.length <= MAX_EXCHANGE_CHARACTERS) {
      const exchanged = sharedCache.exchange(key, value, { ...options, expected });
      return within(context, deadlineMs, exchanged);
    }
    const written = await within(context, deadlineMs, sharedCache.set(key, value, options));
    return written.ok ? ok(value) : written;
  }

  get isOpen(): boolean {
    return this.#reads.state === "open";
  }

  stats(): RedisStats {
    return { ...this.#counts, breaker: this.#reads.state };
  }

  #fail(breaker: Breaker, { reason, detail }: SharedCacheFailure): undefined {
    this.#counts.errors += 1;
    if (breaker.failed()) {
      this.#options.events.emit({ kind: "prediction_redis_paused", reason, detail });
    }
    return undefined;
  }
}

interface Exchange {
  readonly prediction: CachedPrediction;
  /** Its document. */
  readonly value: string;
  /** What was read, and is to be replaced. */
  readonly expected: string | undefined;
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
