import { Breaker } from "../cache/breaker.ts";
import type { FlightContext } from "../cache/single-flight.ts";
import type { PredictionRecord } from "../model/prediction-record.ts";
import type { Digest } from "../ports/digest.ts";
import type { Events } from "../ports/events.ts";
import type { PredictionStore, RecordDraft } from "../ports/prediction-store.ts";
import type { AnsweredPrediction } from "./records/make-record.ts";
import { PendingRecords } from "./records/pending-records.ts";
import { Turns } from "./records/turns.ts";

const WRITE_DEADLINE_MS = 5_000;
/** A request lives 30 s after its answer: one that has flushed for so long leaves the rest to the next. */
const FLUSH_MAX_MS = 10_000;
/** A flush that says nothing for so long is taken for dead: its request is gone. */
const FLUSH_LOST_MS = FLUSH_MAX_MS + WRITE_DEADLINE_MS + 5_000;

/** How long records of many rows wait for room in all, and while none at all is written. */
const ROOM_MAX_MS = 10_000;
const ROOM_SILENT_MS = 2_000;
/** As many take their room at once. */
const ROOM_RECORDS = 100;

const SETTLE_MAX_MS = 1_000;
const STEP_MS = 5;

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
 * its isolate: a prediction is not acknowledged by its record. Never fails. Holds plain data only.
 */
export class PredictionRecorder {
  readonly #deps: RecorderDeps;
  readonly #breaker: Breaker;
  readonly #pending = new PendingRecords();
  readonly #turns = new Turns();
  #flushingSinceMs: number | undefined;
  readonly #counts = { written: 0, failed_writes: 0, lost: 0 };

  constructor(deps: RecorderDeps) {
    this.#deps = deps;
    this.#breaker = new Breaker(deps.clock);
  }

  /**
   * Takes answered predictions, and begins to write unless that is going on. No I/O before the
   * caller's next turn. Answers for how many there was no room.
   */
  record(context: FlightContext, answered: readonly AnsweredPrediction[]): number {
    const lost = answered.filter((one) => !this.#pending.take(one)).length;
    this.#counts.lost += lost;
    this.#begin(context);
    return lost;
  }

  /**
   * As `record`, of many rows, which come faster than a store writes: waits, first come, first
   * served, until no more than half of the room is taken, so that a store that answers loses none of
   * them. 10 s at most, no longer than 2 s while nothing is written, and not at all while a silent
   * store is left alone.
   */
  async recordInTurn(
    context: FlightContext,
    answered: readonly AnsweredPrediction[],
  ): Promise<number> {
    const { clock } = this.#deps;
    const endMs = clock.now() + ROOM_MAX_MS;
    const turn = this.#turns.join();
    const isReady = () => this.#turns.isNext(turn, clock.now()) && this.#pending.hasRoom;
    let mayWait = true;
    let lost = 0;
    for (let at = 0; at < answered.length; at += ROOM_RECORDS) {
      // Looked at once more after the wait: another request may have taken the room.
      while (mayWait && !isReady()) mayWait = await this.#waitUntil(context, isReady, endMs);
      lost += this.record(context, answered.slice(at, at + ROOM_RECORDS));
    }
    this.#turns.leave(turn);
    return lost;
  }

  /**
   * Waits until every record of this isolate is written: for those who ask for a record right after
   * its prediction. A second at most, and not at all while a silent store is left alone.
   */
  async settle(context: FlightContext): Promise<void> {
    const endMs = this.#deps.clock.now() + SETTLE_MAX_MS;
    await this.#waitUntil(context, () => this.#pending.size === 0, endMs);
  }

  /** False when it was not to be waited for. */
  async #waitUntil(context: FlightContext, isSo: () => boolean, endMs: number): Promise<boolean> {
    const { clock } = this.#deps;
    let { gone } = this.#pending;
    let silentSinceMs = clock.now();
    while (!isSo()) {
      const nowMs = clock.now();
      if (gone !== this.#pending.gone) silentSinceMs = nowMs;
      gone = this.#pending.gone;
      const isOver = nowMs >= Math.min(endMs, silentSinceMs + ROOM_SILENT_MS);
      if (isOver || this.#breaker.state === "open") return false;
      await this.#step(context);
    }
    return true;
  }

  /** Waits for what comes of a write; of another request's nothing else can be waited for. */
  async #step(context: FlightContext): Promise<void> {
    const tries = () => this.#pending.gone + this.#counts.failed_writes;
    const before = tries();
    const step = context.clock.after(STEP_MS);
    const own = this.#begin(context);
    await (own === undefined ? step.done : Promise.race([own, step.done]));
    // What was not even tried is not begun again in the same turn.
    if (tries() === before) await step.done;
    step.cancel();
  }

  stats(): RecorderStats {
    return { ...this.#counts, pending: this.#pending.size };
  }

  /** Begins to write what waits, unless that is going on, in the background of this request. */
  #begin(context: FlightContext): Promise<void> | undefined {
    if (this.#pending.size === 0 || this.#isFlushing()) return undefined;
    const flush = this.#flush(context).catch(() => undefined);
    context.background.keep(flush);
    return flush;
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

  /** False when the store did not take it: the records wait on. */
  async #writeBatch(): Promise<boolean> {
    const { predictions, digest, clock, events } = this.#deps;
    // Loaded with the first record: what answers is not.
    const { makeDrafts } = await import("./records/make-drafts.ts");
    const drafts = await makeDrafts(digest, this.#pending, (...broken) => this.#drop(...broken));
    const added = await predictions.add(drafts, clock.now(), WRITE_DEADLINE_MS);
    if (added.ok) {
      this.#breaker.succeeded();
      this.#counts.written += added.value;
      for (const { record } of drafts) this.#pending.forget(record.id);
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

  /** One that cannot be made must not stand in the way of all others. */
  #drop({ id }: AnsweredPrediction, cause: unknown): void {
    this.#pending.forget(id);
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
