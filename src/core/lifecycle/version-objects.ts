import type { LoadedVersion } from "../cache/model-cache.ts";
import type { Degraded } from "../routing/catalog.ts";

/** Why the object under a loaded version is not the version's any more. */
export interface ObjectTrouble extends Degraded {
  readonly reason: "version_overwritten" | "bytes_missing";
  /** Of the object that was refused; missing when there is none. */
  readonly etag: string | undefined;
}

/** What this isolate knows of the object under one loaded version. */
export interface ObjectState {
  /** The store's validator of the last object whose bytes were the version's. */
  readonly etag: string;
  /** When the store last said what stands there. */
  readonly checkedAtMs: number;
  /** When somebody last asked, with or without luck. */
  readonly triedAtMs: number;
  readonly trouble?: ObjectTrouble | undefined;
}

/** The objects under the loaded versions of an isolate. Plain data: crosses requests freely. */
export class VersionObjects {
  readonly #states = new Map<LoadedVersion, ObjectState>();

  /** What is known of a loaded version's object; at first, what its load saw. */
  of(loaded: LoadedVersion): ObjectState {
    const { etag, loadedAtMs } = loaded;
    return this.#states.get(loaded) ?? { etag, checkedAtMs: loadedAtMs, triedAtMs: loadedAtMs };
  }

  set(loaded: LoadedVersion, state: ObjectState): void {
    this.#states.set(loaded, state);
  }

  /** Forgets all but these; answers the models of those that were in trouble. */
  keepOnly(loaded: readonly LoadedVersion[]): readonly string[] {
    const kept = new Set(loaded);
    const gone = [...this.#states].filter(([version]) => !kept.has(version));
    for (const [version] of gone) this.#states.delete(version);
    return gone.flatMap(([{ model }, { trouble }]) => (trouble === undefined ? [] : [model]));
  }

  /** What is wrong under any loaded version of a model. */
  troubleOf(model: string): ObjectTrouble | undefined {
    for (const [loaded, { trouble }] of this.#states) {
      if (loaded.model === model && trouble !== undefined) return trouble;
    }
    return undefined;
  }
}
