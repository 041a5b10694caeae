/** An expected outcome: a value, or a failure tagged by `reason`. Bugs throw instead. */
export type Result<T, F> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: F };

/** Wraps a value as a success. */
export const ok = <T>(value: T): { readonly ok: true; readonly value: T } => ({ ok: true, value });

/** Wraps a failure; `reason` is the stable tag that doors switch on. */
export const fail = <const F extends { readonly reason: string }>(
  failure: F,
): { readonly ok: false; readonly failure: F } => ({ ok: false, failure });
