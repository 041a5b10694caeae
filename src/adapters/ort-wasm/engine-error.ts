/** The engine refused a call. `message` holds paths of its build: a cause, never an answer. */
export class OrtError extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** An allocation did not fit: into the linear memory under its cap, or an output into the JS heap. */
export class MemoryFull extends Error {}

/** A tensor that the engine would not take as it is. `message` is for people. */
export class BadTensor extends Error {}

/** A value of the graph that the protocol cannot carry. `message` is for people. */
export class ForeignValue extends Error {}

/**
 * The engine crashed inside a call, so what its memory holds is unknown: every later call on
 * it throws this too, since no answer is better than a wrong one. A new engine goes on.
 */
export class EngineBroken extends Error {
  /** Whether it was this very call. */
  readonly justNow: boolean;
  constructor(justNow: boolean, cause: unknown) {
    super("the engine crashed", { cause });
    this.justNow = justNow;
  }
}

/** A trap, or wasm code out of stack: C++ was left in the middle, without its clean-up. */
export const isCrash = (error: unknown): boolean =>
  error instanceof WebAssembly.RuntimeError || error instanceof RangeError;
