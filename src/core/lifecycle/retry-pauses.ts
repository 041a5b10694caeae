/** The first pause, then each twice the one before. Milliseconds. */
const FIRST_MS = 2_000;
const LONGEST_MS = 60_000;

/** Why a pointer was not taken: of which version. */
export interface Why {
  readonly version: string;
  readonly reason: string;
  readonly detail: string;
}

interface Pause {
  readonly etag: string;
  readonly why: Why;
  readonly ms: number;
  readonly untilMs: number;
}

/**
 * When a pointer that could not be taken is tried again: loading what it names costs the bytes of
 * whole models each time, and nearly always fails as before. A pointer that changed is tried at
 * once. Plain data: crosses requests freely.
 */
export class RetryPauses {
  readonly #pauses = new Map<string, Pause>();

  /** Why this very pointer of a model failed, a short while ago; `undefined`: try it. */
  restingFor(model: string, etag: string, nowMs: number): Why | undefined {
    const pause = this.#pauses.get(model);
    return pause?.etag === etag && nowMs < pause.untilMs ? pause.why : undefined;
  }

  /** The version for which this very pointer failed the last time. */
  failedVersion(model: string, etag: string): string | undefined {
    const pause = this.#pauses.get(model);
    return pause?.etag === etag ? pause.why.version : undefined;
  }

  /** It failed: it rests for 2 s, and twice as long each time until a minute. */
  rest(model: string, etag: string, why: Why, nowMs: number): void {
    const last = this.#pauses.get(model);
    const ms = last?.etag === etag ? Math.min(last.ms * 2, LONGEST_MS) : FIRST_MS;
    this.#pauses.set(model, { etag, why, ms, untilMs: nowMs + ms });
  }

  /** Lets the next check of a model, or of every one, try at once. */
  end(model: string | undefined): void {
    if (model === undefined) this.#pauses.clear();
    else this.#pauses.delete(model);
  }
}
