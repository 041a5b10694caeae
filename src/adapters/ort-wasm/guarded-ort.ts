import { EngineBroken, isCrash } from "./engine-error.ts";
import type { Ort } from "./ort.ts";

/** The one way into the engine: after a crash nothing passes any more. */
export class GuardedOrt {
  readonly #ort: Ort;
  /** Where the wasm stack stands between calls. */
  readonly #stackTop: number;
  #crash: { readonly cause: unknown } | undefined;

  constructor(ort: Ort) {
    this.#ort = ort;
    this.#stackTop = ort.module.stackSave();
  }

  get isBroken(): boolean {
    return this.#crash !== undefined;
  }

  /** Nothing passes from now on, as after a crash. */
  retire(cause: unknown): void {
    this.#crash ??= { cause };
  }

  /**
   * Calls `work` with the engine and passes on what it throws.
   * @throws EngineBroken when the engine crashes, and ever after
   */
  enter<T>(work: (ort: Ort) => T): T {
    if (this.#crash !== undefined) throw new EngineBroken(false, this.#crash.cause);
    try {
      return work(this.#ort);
    } catch (cause) {
      if (isCrash(cause)) {
        this.#crash = { cause };
        throw new EngineBroken(true, cause);
      }
      // A C++ exception passes through as a number and leaves the stack where it was.
      this.#ort.module.stackRestore(this.#stackTop);
      throw cause;
    }
  }
}
