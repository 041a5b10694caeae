import type { Result } from "../../src/core/model/result.ts";

/** The value of what has to succeed. */
export function must<T>(
  result: Result<T, { readonly reason: string; readonly detail: string; readonly cause?: unknown }>,
): T {
  if (result.ok) return result.value;
  throw new Error(`${result.failure.reason}: ${result.failure.detail}`, {
    cause: result.failure.cause,
  });
}

/** The failure of what has to fail. */
export function failureOf<F>(result: Result<unknown, F>): F {
  if (result.ok) throw new Error("it succeeded");
  return result.failure;
}
