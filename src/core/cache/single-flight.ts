import type { Background } from "../ports/background.ts";
import type { Clock } from "../ports/clock.ts";

/** What a request brings to shared work: its own timers and its own `waitUntil`. */
export interface FlightContext {
  readonly background: Background;
  readonly clock: Clock;
}

/** Tells a leader from those who used its result (RFC 9211 calls the latter "collapsed"). */
export interface Landed<V> {
  readonly value: V;
  readonly collapsed: boolean;
}

/**
 * Joins concurrent work on one key into one call.
 *
 * Workers cancel a request's I/O when its client resets, and a promise that waits
 * for it then never settles. So the leader hands its work to `background` before
 * waiting, and a follower never waits on that promise alone: it races a timer of
 * its own, and when that wins it drops the entry and leads. Only plain data may
 * be the value, since it crosses requests. Nothing settled is remembered here.
 */
export class SingleFlight<V> {
  readonly #flights = new Map<string, Promise<V>>();
  readonly #followMs: number;

  /** @param followMs how long a follower waits before it leads: longer than the deadline of the work */
  constructor(followMs: number) {
    this.#followMs = followMs;
  }

  /** Keys being worked on. */
  get size(): number {
    return this.#flights.size;
  }

  /** Tells whether somebody works on `key`. */
  has(key: string): boolean {
    return this.#flights.has(key);
  }

  /** @param work must carry a deadline of its own; its rejection reaches everyone who joined */
  async join(context: FlightContext, key: string, work: () => Promise<V>): Promise<Landed<V>> {
    for (;;) {
      const flight = this.#flights.get(key);
      if (flight === undefined)
        return { value: await this.#lead(context, key, work), collapsed: false };
      const outcome = await waitAtMost(context.clock, flight, this.#followMs);
      if (outcome !== undefined) return { value: outcome.value, collapsed: true };
      this.#drop(key, flight);
    }
  }

  #lead(context: FlightContext, key: string, work: () => Promise<V>): Promise<V> {
    const flight = work().finally(() => this.#drop(key, flight));
    this.#flights.set(key, flight);
    context.background.keep(flight.catch(() => undefined));
    return flight;
  }

  #drop(key: string, flight: Promise<V>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }
}

/**
 * Waits for what may belong to another request, by a timer of the caller's own; `undefined` when
 * that was first.
 */
export async function waitAtMost<V>(
  clock: Pick<Clock, "after">,
  flight: Promise<V>,
  ms: number,
): Promise<{ readonly value: V } | undefined> {
  const timer = clock.after(ms);
  try {
    return await Promise.race([
      flight.then((value) => ({ value })),
      timer.done.then(() => undefined),
    ]);
  } finally {
    timer.cancel();
  }
}
