import type { FlightContext } from "../cache/single-flight.ts";
import type { EntityKey } from "../model/prediction-record.ts";
import type { AnsweredPrediction } from "./records/make-record.ts";
import { type RecorderDeps, type RecorderStats, RecordWriter } from "./records/record-writer.ts";
import { Turns } from "./records/turns.ts";

/** How long records of many rows wait for room in all, and while none at all is written. */
const ROOM_MAX_MS = 10_000;
const ROOM_SILENT_MS = 2_000;
/** As many take their room at once. */
const ROOM_RECORDS = 100;

const SETTLE_MAX_MS = 1_000;
const STEP_MS = 5;
/** For those behind another one: in so short a time a store takes less than there is to write. */
const STEP_BEHIND_MS = 25;

/** Predictions that have no record, as there was no room for it. */
export type LostIds = readonly string[];

/**
 * Writes records of predictions in the background. What is answered while one write is in flight
 * waits for the next; what could not be written waits, too, up to 5,000 records or 8 MiB, and is
 * written with the next prediction: the store counts what comes twice once. What waits dies with
 * its isolate: a prediction is not acknowledged by its record. Never fails. Holds plain data only.
 */
export class PredictionRecorder {
  readonly #clock: RecorderDeps["clock"];
  readonly #writer: RecordWriter;
  readonly #turns = new Turns();

  constructor(deps: RecorderDeps) {
    this.#clock = deps.clock;
    this.#writer = new RecordWriter(deps);
  }

  /**
   * Takes answered predictions, and begins to write unless that is going on. No I/O before the
   * caller's next turn. Answers the ids of those that there was no room for.
   */
  record(context: FlightContext, answered: readonly AnsweredPrediction[]): LostIds {
    const lost = this.#take(answered);
    this.#writer.begin(context);
    return lost;
  }

  #take(answered: readonly AnsweredPrediction[]): LostIds {
    const lost = answered.filter((one) => !this.#writer.pending.take(one));
    this.#writer.lose(lost.length);
    return lost.map(({ id }) => id);
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
  ): Promise<LostIds> {
    const clock = this.#clock;
    const endMs = clock.now() + ROOM_MAX_MS;
    const turn = this.#turns.join();
    const isNext = () => this.#turns.isNext(turn, clock.now());
    const isReady = () => isNext() && this.#writer.pending.hasRoom;
    const stepMs = () => (isNext() ? STEP_MS : STEP_BEHIND_MS);
    let mayWait = true;
    const lost: string[] = [];
    let own: Promise<void> | undefined;
    for (let at = 0; at < answered.length; at += ROOM_RECORDS) {
      // Looked at once more after the wait: another request may have taken the room.
      while (mayWait && !isReady())
        mayWait = await this.#waitUntil(context, isReady, endMs, stepMs);
      lost.push(...this.#take(answered.slice(at, at + ROOM_RECORDS)));
      own = this.#writer.begin(context) ?? own;
    }
    this.#turns.leave(turn);
    context.background.keep(this.#writer.goOn(context, own).catch(() => undefined));
    return lost;
  }

  /**
   * Waits until every record of this isolate is written: for those who ask for a record right after
   * its prediction. A second at most, and not at all while a silent store is left alone.
   * @param entity only those on it: of whoever is about to finish it
   */
  async settle(context: FlightContext, entity?: EntityKey): Promise<void> {
    const endMs = this.#clock.now() + SETTLE_MAX_MS;
    const { pending } = this.#writer;
    const isWritten = () => (entity === undefined ? pending.size === 0 : !pending.hasOn(entity));
    await this.#waitUntil(context, isWritten, endMs);
  }

  /** False when it was not to be waited for. */
  async #waitUntil(
    context: FlightContext,
    isSo: () => boolean,
    endMs: number,
    stepMs = () => STEP_MS,
  ): Promise<boolean> {
    const clock = this.#clock;
    let { gone } = this.#writer.pending;
    let silentSinceMs = clock.now();
    while (!isSo()) {
      const nowMs = clock.now();
      if (gone !== this.#writer.pending.gone) silentSinceMs = nowMs;
      gone = this.#writer.pending.gone;
      const isOver = nowMs >= Math.min(endMs, silentSinceMs + ROOM_SILENT_MS);
      if (isOver || this.#writer.isLeftAlone) return false;
      await this.#step(context, stepMs());
    }
    return true;
  }

  /** Waits for what comes of a write; of another request's nothing else can be waited for. */
  async #step(context: FlightContext, stepMs: number): Promise<void> {
    const before = this.#writer.tries;
    const step = context.clock.after(stepMs);
    const own = this.#writer.begin(context);
    await (own === undefined ? step.done : Promise.race([own, step.done]));
    // What was not even tried is not begun again in the same turn.
    if (this.#writer.tries === before) await step.done;
    step.cancel();
  }

  stats(): RecorderStats {
    return this.#writer.stats();
  }
}
