/** What a request that was counted hands back at its end. */
export interface Counted {
  count: number;
}

/** Longer than a request for tensors lasts, save those that wait for a load. */
const PERIOD_MS = 10_000;

/**
 * How many requests the isolate is answering now. The end of a request whose client is gone is
 * never heard of in workerd: so each is counted in the period of 10 s that it came in, and a
 * period is forgotten once the next but one has begun.
 */
export class InFlight {
  #periodStartMs = Number.NEGATIVE_INFINITY;
  #current: Counted = { count: 0 };
  #previous: Counted = { count: 0 };

  get count(): number {
    return this.#current.count + this.#previous.count;
  }

  /** Counts a request in; give what it answers to `leave` when the request has been answered. */
  enter(nowMs: number): Counted {
    if (nowMs - this.#periodStartMs >= PERIOD_MS) this.#turn(nowMs);
    this.#current.count += 1;
    return this.#current;
  }

  leave(counted: Counted): void {
    counted.count -= 1;
  }

  #turn(nowMs: number): void {
    const isNext = nowMs - this.#periodStartMs < 2 * PERIOD_MS;
    this.#previous = isNext ? this.#current : { count: 0 };
    this.#current = { count: 0 };
    this.#periodStartMs = nowMs;
  }
}
