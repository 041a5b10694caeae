import type { SharedCacheFailure } from "../../src/core/ports/shared-cache.ts";

/** Why Redis gives no answer, and the seconds of `Retry-After` where it is left alone for 3,500 ms. */
export const SILENCES: readonly (readonly [SharedCacheFailure["reason"], string])[] = [
  ["unreachable", "1"],
  ["denied", "1"],
  ["refused", "1"],
  ["paused", "4"],
];
