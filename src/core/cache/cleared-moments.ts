/** As many names as are told apart; past that all count as cleared when the last one was. */
const MAX_NAMES = 1_000;

/** A version whose answers are kept. */
interface Of {
  readonly model: string;
  readonly digest: string;
}

/** What was cleared: of all models, or of one, and of the digests known to be its own. */
export interface Cleared {
  readonly model: string | undefined;
  readonly digests: Iterable<string>;
}

/**
 * When answers were cleared in this isolate that Redis may still hold under the epoch in use: an
 * order to clear raises the epoch, unless Redis does not take it. Milliseconds since 1970; −∞ for never.
 */
export class ClearedMoments {
  /** They were cleared under it; `undefined`: under the one that the isolate learns next. */
  #epoch: string | undefined;
  #allMs = Number.NEGATIVE_INFINITY;
  readonly #models = new Map<string, number>();
  readonly #digests = new Map<string, number>();

  add(epoch: string | undefined, nowMs: number, { model, digests }: Cleared): void {
    this.#goOnWith(epoch);
    if (model === undefined) this.#allMs = nowMs;
    else this.#models.set(model, nowMs);
    for (const digest of digests) this.#digests.set(digest, nowMs);
    if (this.#models.size + this.#digests.size <= MAX_NAMES) return;
    this.#forget();
    this.#allMs = nowMs;
  }

  /** When a version's answers were cleared last. */
  of(epoch: string | undefined, { model, digest }: Of): number {
    this.#goOnWith(epoch);
    const never = Number.NEGATIVE_INFINITY;
    const ofModel = this.#models.get(model) ?? never;
    return Math.max(this.#allMs, ofModel, this.#digests.get(digest) ?? never);
  }

  /** What lies under another epoch was made after it was raised. */
  #goOnWith(epoch: string | undefined): void {
    if (this.#epoch !== undefined && epoch !== this.#epoch) this.#forget();
    this.#epoch = epoch ?? this.#epoch;
  }

  #forget(): void {
    this.#allMs = Number.NEGATIVE_INFINITY;
    this.#models.clear();
    this.#digests.clear();
  }
}
