import { Breaker } from "../cache/breaker.ts";
import type { FlightContext } from "../cache/single-flight.ts";
import type { PredictionRecord } from "../model/prediction-record.ts";
import type { Digest } from "../ports/digest.ts";
import type { Events } from "../ports/events.ts";
import type { PredictionStore, RecordDraft } from "../ports/prediction-store.ts";
import type { AnsweredPrediction } from "./records/make-record.ts";

const KIB = 1024;
const MAX_PENDING = 5_000;
const MAX_PENDING_BYTES = 8 * KIB * KIB;
const DEFAULT_SIZE_BYTES = KIB;
/** What the store takes at once. */
const BATCH_RECORDS = 100;
const BATCH_CHARACTERS = 400 * KIB;
const WRITE_DEADLINE_MS = 5_000;
/** A request lives 30 s after its answer: one that has flushed for so long leaves the rest to the next. */
const FLUSH_MAX_MS = 10_000;
/** A flush that says nothing for so long is taken for dead: its request is gone. */
const FLUSH_LOST_MS = FLUSH_MAX_MS + WRITE_DEADLINE_MS + 5_000;

const DRAIN_MAX_MS = 1_000;
const DRAIN_STEP_MS = 5;

export interface RecorderDeps {
  readonly predictions: PredictionStore;
  readonly digest: Digest;
  readonly events: Events;
  readonly clock: { now(): number };
  /** Lets the answer go out before anything is made of it; left out: nothing is waited for. */
  readonly afterAnswer?: ((context: FlightContext) => Promise<void>) | undefined;
  /** Told of records on entities once they are written: one may have been finished meanwhile. */
  readonly onWritten?: ((records: readonly PredictionRecord[]) => Promise<unknown>) | undefined;
}

/** Since the isolate began. */
export interface RecorderStats {
  /** Records that Redis has now and had not before. */
  readonly written: number;
  /** Waiting to be written. */
  readonly pending: number;
  readonly failed_writes: number;
  /** Never to be written: there was no room to wait, or they could not be made. */
  readonly lost: number;
}

/**
 * Writes records of predictions in the background. What is answered while one write is in flight
 * waits for the next; what could not be written waits, too, up to 5,000 records or 8 MiB, and is
 * written with the next prediction: the store counts what comes twice once. What waits dies with
 * its isolate: a prediction is not acknowledged by its record. Never fails, never delays an
 * answer. Holds plain data only.
 */
export class PredictionRecorder {
  readonly #deps: RecorderDeps;
  readonly #breaker: Breaker;
  readonly #pending = new Map<string, AnsweredPrediction>();
  #pendingBytes = 0;
  #flushingSinceMs: number | undefined;
  readonly #counts = { written: 0, failed_writes: 0, lost: 0 };

  constructor(deps: RecorderDeps) {
    this.#deps = deps;
    this.#breaker = new Breaker(deps.clock);
  }

  /** Takes answered predictions, and begins to write unless that is going on. No I/O before the caller's next turn. */
  record(context: FlightContext, answered: readonly AnsweredPrediction[]): void {
    for (const one of answered) this.#take(one);
    if (this.#pending.size === 0 || this.#isFlushing()) return;
    context.background.keep(this.#flush(context).catch(() => undefined));
  }

  /** Waits until few records wait: for streams, which answer faster than a store writes. As `settle`. */
  drain(context: FlightContext): Promise<void> {
    return this.#waitFor(context, BATCH_RECORDS);
  }

  /**
   * Waits until every record of this isolate is written: for those who ask for a record right after
   * its prediction. A second at most, and not at all while a silent store is left alone.
   */
  settle(context: FlightContext): Promise<void> {
    return this.#waitFor(context, 0);
  }

  async #waitFor(context: FlightContext, pending: number): Promise<void> {
    const { clock } = this.#deps;
    const endMs = clock.now() + DRAIN_MAX_MS;
    while (this.#pending.size > pending && clock.now() < endMs) {
      if (this.#breaker.state === "open") return;
      // Of another request's write nothing but its end can be waited for.
      if (this.#isFlushing()) await context.clock.after(DRAIN_STEP_MS).done;
      else await this.#flush(context);
    }
  }

  stats(): RecorderStats {
    return { ...this.#counts, pending: this.#pending.size };
  }

  /** Writes what waits, until nothing does, the store fails, or 10 s are over. */
  async #flush(context: FlightContext): Promise<void> {
    const { clock, afterAnswer } = this.#deps;
    const startedMs = clock.now();
    this.#flushingSinceMs = startedMs;
    try {
      await afterAnswer?.(context);
      let goesOn = true;
      while (goesOn && this.#pending.size > 0 && clock.now() - startedMs < FLUSH_MAX_MS) {
        goesOn = this.#breaker.mayAsk() && (await this.#writeBatch());
      }
    } finally {
      if (this.#flushingSinceMs === startedMs) this.#flushingSinceMs = undefined;
    }
  }

  #isFlushing(): boolean {
    const sinceMs = this.#flushingSinceMs;
    return sinceMs !== undefined && this.#deps.clock.now() - sinceMs < FLUSH_LOST_MS;
  }

  #take(answered: AnsweredPrediction): void {
    const sizeBytes = sizeOf(answered);
    const isFull =
      this.#pending.size >= MAX_PENDING || this.#pendingBytes + sizeBytes > MAX_PENDING_BYTES;
    if (isFull) {
      this.#counts.lost += 1;
      return;
    }
    this.#pending.set(answered.id, answered);
    this.#pendingBytes += sizeBytes;
  }

  #forget(id: string): void {
    const answered = this.#pending.get(id);
    if (answered === undefined || !this.#pending.delete(id)) return;
    this.#pendingBytes -= sizeOf(answered);
  }

  /** False when the store did not take it: the records wait on. */
  async #writeBatch(): Promise<boolean> {
    const { predictions, clock, events } = this.#deps;
    const drafts = await this.#nextDrafts();
    const added = await predictions.add(drafts, clock.now(), WRITE_DEADLINE_MS);
    if (added.ok) {
      this.#breaker.succeeded();
      this.#counts.written += added.value;
      for (const { record } of drafts) this.#forget(record.id);
      await this.#tellWritten(drafts);
      return true;
    }
    this.#breaker.failed();
    this.#counts.failed_writes += 1;
    const { reason, detail, cause } = added.failure;
    const { pending, lost } = this.stats();
    events.emit({ kind: "records_not_written", reason, detail, pending, lost, cause });
    return false;
  }

  async #tellWritten(drafts: readonly RecordDraft[]): Promise<void> {
    const onEntities = drafts.map(({ record }) => record).filter(({ entity }) => entity);
    if (onEntities.length === 0) return;
    // Written they are: what comes of this is no matter of the records.
    await this.#deps.onWritten?.(onEntities).catch(() => undefined);
  }

  /** The records that have waited longest, as many as go together. */
  async #nextDrafts(): Promise<readonly RecordDraft[]> {
    // Loaded with the first record: what answers is not.
    const [{ makeRecord }, { predictionCounters }] = await Promise.all([
      import("./records/make-record.ts"),
      import("./metrics/prediction-counters.ts"),
    ]);
    const drafts: RecordDraft[] = [];
    let characters = 0;
    for (const answered of [...this.#pending.values()].slice(0, BATCH_RECORDS)) {
      const record = await makeRecord(this.#deps.digest, answered).catch((cause: unknown) => {
        this.#drop(answered, cause);
      });
      if (record === undefined) continue;
      characters += JSON.stringify(record).length;
      if (drafts.length > 0 && characters > BATCH_CHARACTERS) break;
      const counters = predictionCounters(record);
      drafts.push({ record, counters, ttlMs: answered.policy.ttlMs });
    }
    return drafts;
  }

  /** One that cannot be made must not stand in the way of all others. */
  #drop({ id }: AnsweredPrediction, cause: unknown): void {
    this.#forget(id);
    this.#counts.lost += 1;
    const { pending, lost } = this.stats();
    const detail = "a record could not be made";
    this.#deps.events.emit({
      kind: "records_not_written",
      reason: "bug",
      detail,
      pending,
      lost,
      cause,
    });
  }
}

const sizeOf = ({ sizeBytes = DEFAULT_SIZE_BYTES }: AnsweredPrediction): number => sizeBytes;
