import { LRUCache } from "lru-cache";
import type { Manifest } from "../model/manifest.ts";
import type { MaybePromise } from "../model/maybe-promise.ts";
import type { EngineSession } from "../ports/engine.ts";

/** A version in the engine, with what its answers say of it. */
export interface LoadedVersion {
  readonly model: string;
  readonly version: string;
  readonly digest: string;
  /** The store's validator of `model.onnx`. */
  readonly etag: string;
  readonly manifest: Manifest;
  readonly session: EngineSession;
  readonly memoryBytes: number;
  readonly loadedAtMs: number;
}

/** `unrouted`: no alias names it any more. */
export type ReleaseReason = "evicted" | "unloaded" | "replaced" | "unrouted";

interface Slot {
  readonly loaded: LoadedVersion;
  running: number;
  retired: boolean;
  /** The round in which it was last asked for. */
  usedIn: number;
}

export interface ModelCacheOptions {
  /** Budget for the measured memory of all sessions together. */
  readonly maxBytes: number;
  /** Called once a version has left the cache; its session may still finish runs. */
  readonly onRelease: (loaded: LoadedVersion, why: ReleaseReason) => void;
}

/**
 * The sessions of an isolate, within a budget of bytes, least recently used out
 * first. A session is released only when no run is in progress on it: the engine
 * frees memory under a running one (a frozen isolate, not an error).
 */
export class ModelCache {
  readonly #slots: LRUCache<string, Slot>;
  readonly #options: ModelCacheOptions;
  readonly #counts = { hits: 0, evictions: 0 };
  #leaving: ReleaseReason = "evicted";
  #round = 0;

  constructor(options: ModelCacheOptions) {
    this.#options = options;
    this.#slots = new LRUCache<string, Slot>({
      maxSize: options.maxBytes,
      sizeCalculation: (slot) => Math.max(1, slot.loaded.memoryBytes),
      dispose: (slot, _key, how) => this.#retire(slot, how === "set" ? "replaced" : this.#leaving),
    });
  }

  /** The loaded version, now the most recently used. */
  get(model: string, version: string): LoadedVersion | undefined {
    const slot = this.#slots.get(cacheKey(model, version));
    if (slot === undefined) return undefined;
    this.#counts.hits += 1;
    slot.usedIn = this.#round;
    return slot.loaded;
  }

  /** The loaded version, its place in the order left as it is. */
  peek(model: string, version: string): LoadedVersion | undefined {
    return this.#slots.peek(cacheKey(model, version))?.loaded;
  }

  /** Takes a version in, or answers false when it alone is over the budget. The caller still owns the session then. */
  add(loaded: LoadedVersion): boolean {
    if (loaded.memoryBytes > this.#options.maxBytes) return false;
    this.#leavingFor("evicted", () => {
      this.#slots.set(cacheKey(loaded.model, loaded.version), {
        loaded,
        running: 0,
        retired: false,
        usedIn: this.#round,
      });
    });
    return true;
  }

  /**
   * Runs `work` on a session that is not released until `work` has settled;
   * `undefined` when the version has left the cache meanwhile: get it again.
   * `work` must wait for nothing but the engine, or a dead request keeps the session for ever.
   */
  use<T>(
    loaded: LoadedVersion,
    work: (session: EngineSession) => MaybePromise<T>,
  ): MaybePromise<T> | undefined {
    const slot = this.#slots.peek(cacheKey(loaded.model, loaded.version));
    return slot?.loaded === loaded ? occupy(slot, work) : undefined;
  }

  /** Makes room for a load that may need `bytes`, least recently used out first. */
  makeRoom(bytes: number): void {
    this.#leavingFor("evicted", () => {
      while (this.#slots.size > 0 && this.bytes + bytes > this.#options.maxBytes) this.#slots.pop();
    });
  }

  /** Lets go of all but one version; false when there was no other. */
  keepOnly({ model, version }: Pick<LoadedVersion, "model" | "version">): boolean {
    const others = [...this.#slots.keys()].filter((key) => key !== cacheKey(model, version));
    this.#leavingFor("evicted", () => {
      for (const key of others) this.#slots.delete(key);
    });
    return others.length > 0;
  }

  /** Lets go of one version; true when it was loaded. */
  unload(model: string, version: string, why: ReleaseReason = "unloaded"): boolean {
    return this.#leavingFor(why, () => this.#slots.delete(cacheKey(model, version)));
  }

  /** Every loaded version, most recently used first. */
  loaded(): readonly LoadedVersion[] {
    return [...this.#slots.values()].map((slot) => slot.loaded);
  }

  /**
   * Begins a round. What was neither taken in nor got in the one that ends now, nor since, is idle:
   * rounds a minute apart tell what requests have not needed for one.
   */
  beginRound(): void {
    this.#round += 1;
  }

  /** Every idle version, least recently used first. */
  idle(): readonly LoadedVersion[] {
    return [...this.#slots.values()]
      .filter(({ usedIn }) => usedIn < this.#round - 1)
      .map(({ loaded }) => loaded)
      .reverse();
  }

  get size(): number {
    return this.#slots.size;
  }

  /** Since the isolate began. */
  get counts(): { readonly hits: number; readonly evictions: number } {
    return this.#counts;
  }

  /** Measured memory of all sessions, in bytes. */
  get bytes(): number {
    return this.#slots.calculatedSize;
  }

  get maxBytes(): number {
    return this.#options.maxBytes;
  }

  #leavingFor<T>(why: ReleaseReason, change: () => T): T {
    this.#leaving = why;
    return change();
  }

  #retire(slot: Slot, why: ReleaseReason): void {
    slot.retired = true;
    if (why === "evicted") this.#counts.evictions += 1;
    if (slot.running === 0) release(slot);
    this.#options.onRelease(slot.loaded, why);
  }
}

const cacheKey = (model: string, version: string): string => `${model}@${version}`;

function occupy<T>(slot: Slot, work: (session: EngineSession) => MaybePromise<T>): MaybePromise<T> {
  slot.running += 1;
  let pending = false;
  try {
    const done = work(slot.loaded.session);
    if (!(done instanceof Promise)) return done;
    pending = true;
    return done.finally(() => leave(slot));
  } finally {
    if (!pending) leave(slot);
  }
}

function leave(slot: Slot): void {
  slot.running -= 1;
  if (slot.retired && slot.running === 0) release(slot);
}

function release(slot: Slot): void {
  // The memory is the engine's to re-use either way; a failing release has no one to tell.
  slot.loaded.session.release().catch(() => undefined);
}
