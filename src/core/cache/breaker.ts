import type { Clock } from "../ports/clock.ts";

export type BreakerState = "closed" | "open" | "half-open";

const FAILURES_TO_OPEN = 3;
const FIRST_PAUSE_MS = 5_000;
const MAX_PAUSE_MS = 60_000;

/**
 * Keeps requests from asking what does not answer. It opens after three failures in a row; after
 * 5 s one caller may try: its success closes it, its failure doubles the pause, up to 60 s. A
 * caller that never reports back counts as failed once the pause is over again. No timers, no I/O.
 */
export class Breaker {
  readonly #clock: Pick<Clock, "now">;
  #failuresInARow = 0;
  #pauseMs = FIRST_PAUSE_MS;
  #openUntilMs: number | undefined;
  #isProbing = false;

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  get state(): BreakerState {
    if (this.#openUntilMs === undefined) return "closed";
    return this.#isProbing || this.#clock.now() >= this.#openUntilMs ? "half-open" : "open";
  }

  /** Milliseconds until somebody may ask again; 0: now. */
  get retryAfterMs(): number {
    return Math.max(0, (this.#openUntilMs ?? 0) - this.#clock.now());
  }

  /** Whether the caller may ask now. It must report `succeeded` or `failed` when it did. */
  mayAsk(): boolean {
    if (this.#openUntilMs === undefined) return true;
    const now = this.#clock.now();
    if (now < this.#openUntilMs) return false;
    // One at a time: the next one only when this one's time is up without a word.
    this.#isProbing = true;
    this.#openUntilMs = now + this.#pauseMs;
    return true;
  }

  succeeded(): void {
    this.#failuresInARow = 0;
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#openUntilMs = undefined;
    this.#isProbing = false;
  }

  /** True when this failure has opened it, or kept it open. */
  failed(): boolean {
    this.#failuresInARow += 1;
    const isOpen = this.#openUntilMs !== undefined;
    // Asked before it opened, answered after: known already.
    if (isOpen && !this.#isProbing) return false;
    if (!isOpen && this.#failuresInARow < FAILURES_TO_OPEN) return false;
    if (this.#isProbing) this.#pauseMs = Math.min(2 * this.#pauseMs, MAX_PAUSE_MS);
    this.#isProbing = false;
    this.#openUntilMs = this.#clock.now() + this.#pauseMs;
    return true;
  }
}
