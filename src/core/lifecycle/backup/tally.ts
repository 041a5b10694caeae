import type { Clock } from "../../ports/clock.ts";
import { type BackupFailure, MAX_FAILED_NAMED } from "./report.ts";

/** Counts what one run does, and tells when its time is up. */
export class Tally {
  copied = 0;
  unchanged = 0;
  bytes = 0;
  failures = 0;
  readonly failed: BackupFailure[] = [];
  readonly startedMs: number;
  readonly #clock: Clock;
  readonly #endMs: number;

  constructor(clock: Clock, budgetMs: number) {
    this.#clock = clock;
    this.startedMs = clock.now();
    this.#endMs = this.startedMs + budgetMs;
  }

  get isOver(): boolean {
    return this.#clock.now() >= this.#endMs;
  }

  get durationMs(): number {
    return this.#clock.now() - this.startedMs;
  }

  copy(bytes: number): void {
    this.copied += 1;
    this.bytes += bytes;
  }

  fail(key: string, reason: string): void {
    this.failures += 1;
    if (this.failed.length < MAX_FAILED_NAMED) this.failed.push({ key, reason });
  }
}
