import type { CachedPrediction } from "../cache/cached-prediction.ts";
import type { CacheWish, KeptWish } from "./inference.ts";

/** What a caller wants of an answer that is kept; `undefined`: any will do. */
export const keptWishOf = (wish: CacheWish): KeptWish | undefined =>
  typeof wish === "object" ? wish : undefined;

/** Whether a kept answer is what the caller wants. Ages are whole seconds, as `Age` tells them. */
export function isWanted(
  wish: KeptWish | undefined,
  { createdAtMs, freshUntilMs }: Pick<CachedPrediction, "createdAtMs" | "freshUntilMs">,
  nowMs: number,
): boolean {
  if (wish === undefined) return true;
  const ageS = Math.floor((nowMs - createdAtMs) / 1_000);
  return ageS <= wish.maxAgeS && freshUntilMs - nowMs > 1_000 * wish.minFreshS;
}
