import type { ModelCache } from "../cache/model-cache.ts";
import { fail, type Result } from "../model/result.ts";
import type { Bytes } from "../model/tensor.ts";
import type { Engine, EngineSession, OpenFailure } from "../ports/engine.ts";

export interface RoomDeps {
  readonly engine: Engine;
  readonly models: ModelCache;
}

/** It does not fit, into the budget or the engine, though nothing else is there. */
export interface TooLarge {
  readonly reason: "model_too_large";
  readonly detail: string;
  readonly cause?: unknown;
}

/**
 * Opens a model. What is larger than the whole budget is refused before anything leaves for it.
 * When the engine is full, every session leaves it and it is tried again; when
 * even then it does not fit, what is free is in pieces, since the engine's memory never
 * shrinks: it starts anew, empty, and the last try tells whether the model fits at all.
 * @param peakBytes what loading and running it is known to take: where that is over the budget,
 *   nothing leaves before it is open and its measure is known
 */
export async function openWithRoom(
  { engine, models }: RoomDeps,
  bytes: Bytes,
  peakBytes = 0,
): Promise<Result<EngineSession, OpenFailure | TooLarge>> {
  const { maxBytes } = models;
  if (bytes.byteLength > maxBytes) return overBudget(bytes, maxBytes);
  if (peakBytes <= maxBytes) models.makeRoom(bytes.byteLength);
  const opened = await engine.open(bytes);
  if (!isFull(opened)) return opened;
  models.makeRoom(maxBytes);
  const alone = await engine.open(bytes);
  if (!isFull(alone)) return alone;
  await engine.restart();
  const anew = await engine.open(bytes);
  if (!isFull(anew)) return anew;
  return fail({
    reason: "model_too_large",
    detail: `the file is ${bytes.byteLength} bytes and loading it needs more than the engine's ${engine.memory().limitBytes} bytes of memory`,
  });
}

const overBudget = ({ byteLength }: Bytes, maxBytes: number): Result<never, TooLarge> =>
  fail({
    reason: "model_too_large",
    detail: `the file alone is ${byteLength} bytes; MODEL_CACHE_MAX_BYTES is ${maxBytes}`,
  });

/** Whether a model did not open for want of memory in the engine. */
export const isFull = (opened: Result<EngineSession, OpenFailure>): boolean =>
  !opened.ok && opened.failure.reason === "out_of_memory";
