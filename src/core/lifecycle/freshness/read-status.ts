import type { LoadedVersion } from "../../cache/model-cache.ts";
import type { CachePolicy, Switches } from "../../model/deployment.ts";
import type { StatisticsBook } from "../../predict/statistics.ts";
import type { CatalogEntry } from "../../routing/catalog.ts";
import type { DeploymentFinder } from "../find-deployment.ts";
import type { RefreshDeps } from "../refresh-deployment.ts";
import type { VersionObjects } from "../version-objects.ts";

export interface StatusDeps extends Pick<RefreshDeps, "catalog" | "models" | "loader"> {
  readonly finder: DeploymentFinder;
  readonly statistics: StatisticsBook;
  readonly objects?: VersionObjects | undefined;
}

/** One loaded version, or a known model of which none is loaded. Times in ISO 8601. */
export interface ModelStatus {
  readonly name: string;
  readonly version: string | null;
  readonly digest: string | null;
  /** The store's validator of the bytes, as last seen. */
  readonly etag: string | null;
  readonly loaded_at: string | null;
  readonly checked_at: string | null;
  readonly last_used_at: string | null;
  readonly memory_bytes: number;
  /** Why it goes on with what it had. */
  readonly degraded?: { readonly reason: string; readonly detail: string; readonly since: string };
  /** What its deployment says over the settings. */
  readonly policy?: Switches;
  readonly cache?: CachePolicy;
}

/** Sessions of this isolate. */
export interface ModelTier {
  readonly entries: number;
  readonly bytes: number;
  readonly max_bytes: number;
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
  /** Loads that failed. */
  readonly errors: number;
}

export function readModelTier({ models, loader }: StatusDeps): ModelTier {
  const { hits, evictions } = models.counts;
  return {
    entries: models.size,
    bytes: models.bytes,
    max_bytes: models.maxBytes,
    hits,
    misses: loader.counts.asked,
    evictions,
    errors: loader.counts.failed,
  };
}

/** Every version that is loaded here, and every model that is known here though none of it is loaded. */
export function readModelStatus(deps: StatusDeps): readonly ModelStatus[] {
  const loaded = deps.models.loaded();
  const names = new Set(loaded.map(({ model }) => model));
  const known = deps.catalog.byAge().filter((model) => !names.has(model));
  return [
    ...loaded.map((version) => statusOf(deps, version.model, version)),
    ...known.map((model) => statusOf(deps, model, undefined)),
  ].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : order(a, b)));
}

const order = (a: ModelStatus, b: ModelStatus): number => Number(a.version) - Number(b.version);

function statusOf(deps: StatusDeps, name: string, loaded: LoadedVersion | undefined): ModelStatus {
  const entry = deps.catalog.get(name);
  const used = loaded && deps.statistics.page(name, loaded.version).lastInferenceMs;
  const degraded = entry && degradedOf(deps, entry);
  const { policy, cache } = entry?.deployment ?? {};
  return {
    name,
    version: loaded?.version ?? null,
    digest: loaded?.digest ?? null,
    etag: (loaded && (deps.objects?.of(loaded) ?? loaded).etag) ?? null,
    loaded_at: iso(loaded?.loadedAtMs),
    checked_at: iso(entry && deps.finder.checkedAtMs(entry)),
    last_used_at: iso(used),
    memory_bytes: loaded?.memoryBytes ?? 0,
    ...(degraded === undefined ? {} : { degraded }),
    ...(policy === undefined ? {} : { policy }),
    ...(cache === undefined ? {} : { cache }),
  };
}

function degradedOf({ finder }: StatusDeps, entry: CatalogEntry): ModelStatus["degraded"] {
  if (entry.degraded !== undefined) {
    const { reason, detail, sinceMs } = entry.degraded;
    return { reason, detail, since: new Date(sinceMs).toISOString() };
  }
  if (!finder.isStale(entry)) return undefined;
  const since = new Date(finder.checkedAtMs(entry)).toISOString();
  return { reason: "stale", detail: "nobody could confirm it since", since };
}

const iso = (ms: number | undefined): string | null =>
  ms === undefined || ms <= 0 ? null : new Date(ms).toISOString();
