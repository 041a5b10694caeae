import { Breaker } from "../../cache/breaker.ts";
import type { FlightContext } from "../../cache/single-flight.ts";
import type { PredictionRecord } from "../../model/prediction-record.ts";
import type { Digest } from "../../ports/digest.ts";
import type { Events } from "../../ports/events.ts";
import type { PredictionStore, RecordDraft } from "../../ports/prediction-store.ts";
import type { AnsweredPrediction } from "./make-record.ts";
import { PendingRecords } from "./pending-records.ts";

const WRITE_DEADLINE_MS = 5_000;
/** A request lives 30 s after its answer: one that has flushed for so long leaves the rest to the next. */
const FLUSH_MAX_MS = 10_000;
/** A flush that says nothing for so long is taken for dead: its request is gone. */
const FLUSH_LOST_MS = FLUSH_MAX_MS + WRITE_DEADLINE_MS + 5_000;

/** How often those who were answered look whether whoever writes has ended. */
const GO_ON_STEP_MS = 500;

/** Records of one command. */
const AT_ONCE = 500;

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

/** The oldest of what waits, on their way to the store. */
interface SentRecords {
  readonly records: number;
  readonly isDone: Promise<boolean> | boolean;
}

const SENT_NOTHING: SentRecords = { records: 0, isDone: true };

/** Writes what waits to be recorded, by one request at a time, in its background. Never fails. */
export class RecordWriter {
  readonly pending = new PendingRecords();
  readonly #deps: RecorderDeps;
  readonly #breaker: Breaker;
  readonly #counts = { written: 0, failed_writes: 0, lost: 0 };
  #flushingSinceMs: number | undefined;

  constructor(deps: RecorderDeps) {
    this.#deps = deps;
    this.#breaker = new Breaker(deps.clock);
  }

  /** Whether a silent store is not asked for now. */
  get isLeftAlone(): boolean {
    return this.#breaker.state === "open";
  }

  /** Higher than before: something came of a command. */
  get tries(): number {
    return this.pending.gone + this.#counts.failed_writes;
  }

  stats(): RecorderStats {
    return { ...this.#counts, pending: this.pending.size };
  }

  /** Counts what there was no room for. */
  lose(count: number): void {
    this.#counts.lost += count;
  }

  /** Begins to write what waits, unless that is going on, in the background of this request. */
  begin(context: FlightContext): Promise<void> | undefined {
    if (this.pending.size === 0 || this.#isFlushing()) return undefined;
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
      let sent = SENT_NOTHING;
      for (;;) {
        // Only a whole command is made before the one before it is done: else there would be more of them.
        const least = sent.records > 0 ? AT_ONCE : 1;
        const isEnough = this.pending.size - sent.records >= least;
        const isNext = isEnough && this.#breaker.state !== "open";
        if (!isNext && sent.records === 0) return;
        const making = isNext ? this.#makeDrafts(sent.records) : [];
        const [drafts, isDone] = await Promise.all([making, sent.isDone]);
        if (!isDone || clock.now() - startedMs >= FLUSH_MAX_MS) return;
        if (drafts.length > 0 && !this.#breaker.mayAsk()) return;
        sent = drafts.length === 0 ? SENT_NOTHING : this.#send(drafts);
      }
    } finally {
      if (this.#flushingSinceMs === startedMs) this.#flushingSinceMs = undefined;
    }
  }

  /**
   * Waits behind the answer until whoever writes now has ended: what its time left, this one writes.
   *
   * @param own what this request itself has begun
   */
  async goOn(context: FlightContext, own?: Promise<void>): Promise<void> {
    await own;
    const sinceMs = this.#flushingSinceMs;
    while (this.#isFlushing() && this.#flushingSinceMs === sinceMs) {
      await context.clock.after(GO_ON_STEP_MS).done;
    }
    await this.begin(context);
  }

  #isFlushing(): boolean {
    const sinceMs = this.#flushingSinceMs;
    return sinceMs !== undefined && this.#deps.clock.now() - sinceMs < FLUSH_LOST_MS;
  }

  async #makeDrafts(onTheirWay: number): Promise<readonly RecordDraft[]> {
    // Loaded with the first record: what answers is not.
    const { makeDrafts } = await import("./make-drafts.ts");
    const waiting = this.pending.oldest(AT_ONCE, onTheirWay);
    return makeDrafts(this.#deps.digest, waiting, (...broken) => this.#drop(...broken));
  }

  #send(drafts: readonly RecordDraft[]): SentRecords {
    return { records: drafts.length, isDone: this.#write(drafts) };
  }

  /** False when the store did not take it: the records wait on. */
  async #write(drafts: readonly RecordDraft[]): Promise<boolean> {
    const { predictions, clock, events } = this.#deps;
    const added = await predictions.add(drafts, clock.now(), WRITE_DEADLINE_MS);
    if (added.ok) {
      this.#breaker.succeeded();
      this.#counts.written += added.value;
      this.pending.forget(new Set(drafts.map(({ record }) => record.id)));
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
    this.pending.forget(new Set([id]));
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
