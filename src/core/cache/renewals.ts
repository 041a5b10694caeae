import { LRUCache } from "lru-cache";
import type { Clock } from "../ports/clock.ts";

/** `waitUntil` lives 30 s: a renewal that has not ended by then never will. */
const RENEWAL_MAX_MS = 30_000;
const RENEWAL_PAUSE_MS = 1_000;
const MAX_RENEWALS = 1_000;

/** Which stale predictions somebody in this isolate makes anew, so that nobody else does. */
export class Renewals {
  readonly #clock: Pick<Clock, "now">;
  // Until when a key is left to the one who renews it, or alone after a failure.
  readonly #until = new LRUCache<string, number>({ max: MAX_RENEWALS });
  #failures = 0;

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** True for the one who is to renew a prediction; it then says how it ended. */
  claim(key: string, nowMs: number): boolean {
    if (nowMs < (this.#until.get(key) ?? 0)) return false;
    this.#until.set(key, nowMs + RENEWAL_MAX_MS);
    return true;
  }

  /** After a failure nobody tries again for a second. */
  end(key: string, succeeded: boolean): void {
    if (succeeded) {
      this.#until.delete(key);
      return;
    }
    this.#failures += 1;
    this.#until.set(key, this.#clock.now() + RENEWAL_PAUSE_MS);
  }

  /** Renewals that failed. */
  get failures(): number {
    return this.#failures;
  }

  clear(): void {
    this.#until.clear();
  }
}
