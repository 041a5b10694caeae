/** Whoever has not asked for so long is taken for dead: its request is gone. */
const LOST_MS = 250;

/** A number in the queue. */
export type Turn = number;

/** A queue of those who ask again and again whether it is their turn: first come, first served. */
export class Turns {
  /** When each has asked last, in the order they came. */
  readonly #askedAtMs = new Map<Turn, number>();
  #next = 0;

  join(): Turn {
    this.#next += 1;
    return this.#next;
  }

  /** Whether nobody is before this one who still asks. */
  isNext(turn: Turn, nowMs: number): boolean {
    this.#askedAtMs.set(turn, nowMs);
    for (const [other, askedAtMs] of this.#askedAtMs) {
      if (other === turn) return true;
      if (nowMs - askedAtMs < LOST_MS) return false;
      this.#askedAtMs.delete(other);
    }
    return true;
  }

  leave(turn: Turn): void {
    this.#askedAtMs.delete(turn);
  }
}
