import type { LoadedVersion, ModelCache } from "../core/cache/model-cache.ts";
import type { OpenWithin } from "../core/lifecycle/load-version.ts";
import { isFull } from "../core/lifecycle/open-with-room.ts";
import { fail } from "../core/model/result.ts";
import type { Engine } from "../core/ports/engine.ts";

export interface SpareRoomDeps {
  readonly models: ModelCache;
  readonly engine: Engine;
  /** What is not to go for it, though nobody uses it. */
  readonly isKept: (loaded: LoadedVersion) => boolean;
}

/** What is free, or is taken by versions that are idle and not kept; all in bytes. */
function spareOf({ models, isKept }: SpareRoomDeps) {
  const idle = models.idle().filter((loaded) => !isKept(loaded));
  const idleBytes = idle.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  return { idle, idleBytes, freeBytes: models.maxBytes - models.bytes };
}

/** Lets idle versions go until `bytes` are free, least recently used first; none, and false, where all of them are not enough. */
export function takeSpareRoom(deps: SpareRoomDeps, bytes: number): boolean {
  const { models } = deps;
  const { idle, idleBytes, freeBytes } = spareOf(deps);
  if (freeBytes + idleBytes < bytes) return false;
  for (const { model, version } of idle) {
    if (models.maxBytes - models.bytes >= bytes) break;
    models.unload(model, version, "evicted");
  }
  return true;
}

/** Why there is no room for `needBytes`, with what to do. */
export function whyCrowdedOut(deps: SpareRoomDeps, needBytes: number): string {
  const { idleBytes, freeBytes } = spareOf(deps);
  const { maxBytes } = deps.models;
  const others = maxBytes - freeBytes - idleBytes;
  return `it takes at least ${needBytes} bytes: of MODEL_CACHE_MAX_BYTES (${maxBytes}) ${freeBytes} are free, ${idleBytes} are of versions that were not used since the last tick, and ${others} of versions that were used or are warm; raise it as far as the isolate's memory allows, or name fewer`;
}

/**
 * Opens a session only in what is free, or at the cost of idle versions.
 * @param onCrowdedOut told what the version takes at least, in bytes: with no more room than
 * that it need not be fetched again
 */
export function openInSpareRoom(
  deps: SpareRoomDeps,
  onCrowdedOut: (needBytes: number) => void,
): OpenWithin {
  const { models, engine } = deps;
  const crowdedOut = (needBytes: number) => {
    onCrowdedOut(needBytes);
    return fail({ reason: "crowded_out", detail: whyCrowdedOut(deps, needBytes) } as const);
  };
  return async (bytes) => {
    if (!takeSpareRoom(deps, bytes.byteLength)) return crowdedOut(bytes.byteLength);
    let opened = await engine.open(bytes);
    if (isFull(opened)) {
      const { idleBytes, freeBytes } = spareOf(deps);
      // The engine's memory is in use or in pieces, whatever the budget says.
      takeSpareRoom(deps, freeBytes + idleBytes);
      opened = await engine.open(bytes);
    }
    if (!opened.ok) {
      return isFull(opened) ? crowdedOut(models.maxBytes - models.bytes + 1) : opened;
    }
    const { memoryBytes } = opened.value;
    if (takeSpareRoom(deps, memoryBytes)) return opened;
    await opened.value.release();
    return crowdedOut(memoryBytes);
  };
}
