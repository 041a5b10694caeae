import type { ModelCache } from "../cache/model-cache.ts";
import type { Clock } from "../ports/clock.ts";
import type { Events } from "../ports/events.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import type { SharedCache } from "../ports/shared-cache.ts";
import type { Catalog } from "../routing/catalog.ts";
import type { VersionLoader } from "./version-loader.ts";

export interface RefreshDeps {
  readonly store: ObjectStore;
  readonly catalog: Catalog;
  readonly models: ModelCache;
  readonly loader: VersionLoader;
  readonly clock: Clock;
  readonly events: Events;
  /** Keeps a model whose pointer the first store has lost; missing when there is none. */
  readonly backupStore?: ObjectStore | undefined;
  /** Where every isolate looks for what has moved; missing without Redis. */
  readonly sharedCache?: SharedCache | undefined;
}

/**
 * - `kept`: the newer state could not be read or loaded, so what was served is served on.
 * - `overtaken`: another check changed what is known while this one waited; what this one saw is older.
 */
export type RefreshOutcome = "unchanged" | "changed" | "removed" | "kept" | "overtaken" | "unknown";
