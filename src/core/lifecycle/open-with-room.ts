import type { ModelCache } from "../cache/model-cache.ts";
import { fail, type Result } from "../model/result.ts";
import type { Bytes } from "../model/tensor.ts";
import type { Engine, EngineSession, OpenFailure } from "../ports/engine.ts";

export interface RoomDeps {
  readonly engine: Engine;
  readonly models: ModelCache;
}

/** It does not fit though the engine holds nothing else. */
export interface TooLarge {
  readonly reason: "model_too_large";
  readonly detail: string;
  readonly cause?: unknown;
}

/**
 * Opens a model. When the engine is full, every session leaves it and it is tried again; when
 * even then it does not fit, what is free is in pieces, since the engine's memory never
 * shrinks: it starts anew, empty, and the last try tells whether the model fits at all.
 */
export async function openWithRoom(
  { engine, models }: RoomDeps,
  bytes: Bytes,
): Promise<Result<EngineSession, OpenFailure | TooLarge>> {
  models.makeRoom(bytes.byteLength);
  const opened = await engine.open(bytes);
  if (!isFull(opened)) return opened;
  models.makeRoom(models.maxBytes);
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

const isFull = (opened: Result<EngineSession, OpenFailure>): boolean =>
  !opened.ok && opened.failure.reason === "out_of_memory";
