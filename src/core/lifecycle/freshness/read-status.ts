import type { LoadedVersion } from "../../cache/model-cache.ts";
import type { PredictionCache } from "../../cache/prediction-cache.ts";
import { batchingOf } from "../../predict/joining/batching-policy.ts";
import type { StatisticsBook } from "../../predict/statistics.ts";
import type { CatalogEntry } from "../../routing/catalog.ts";
import type { DeploymentFinder } from "../find-deployment.ts";
import type { RefreshDeps } from "../refresh-deployment.ts";
import type { VersionObjects } from "../version-objects.ts";
import { whatIsWrong } from "./what-is-wrong.ts";

export interface StatusDeps extends Pick<RefreshDeps, "catalog" | "models" | "loader"> {
  readonly finder: DeploymentFinder;
  readonly statistics: StatisticsBook;
  readonly predictions?: PredictionCache | undefined;
  readonly objects?: VersionObjects | undefined;
}

/** One loaded version, or a known or lost model of which none is loaded. Times in ISO 8601. */
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
  /** Why it goes on with what it had, or why requests for it are refused. */
  readonly degraded?: { readonly reason: string; readonly detail: string; readonly since: string };
  /** The settings as they hold for it: the Worker's, with what its deployment says over them. */
  readonly settings?: ModelSettings;
}

/** By the names that a deployment's `policy`, `cache` and `batching` have. */
export interface ModelSettings {
  readonly check_freshness: boolean;
  readonly revalidate_ms: number;
  readonly max_stale_ms: number;
  readonly strict_freshness: boolean;
  readonly force_reload: boolean;
  /** Whether its answers are kept, and if so how; `redis: null` is decided by what a run costs. */
  readonly use_cache: boolean;
  readonly cache?: {
    readonly isolate: boolean;
    readonly redis: boolean | null;
    readonly ttl_ms: number;
    readonly stale_ms: number;
  };
  /** How rows of concurrent requests are run together; left out: they are not. */
  readonly batching?: { readonly max_batch_size: number; readonly min_concurrency: number };
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

/** Every version that is loaded here, and every model that is known here, or was, though none of it is loaded. */
export function readModelStatus(deps: StatusDeps): readonly ModelStatus[] {
  const loaded = deps.models.loaded();
  const names = new Set(loaded.map(({ model }) => model));
  const { catalog } = deps;
  const known = [...catalog.byAge(), ...catalog.lostModels()].filter((model) => !names.has(model));
  return [
    ...loaded.map((version) => statusOf(deps, version.model, version)),
    ...known.map((model) => statusOf(deps, model, undefined)),
  ].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : order(a, b)));
}

const order = (a: ModelStatus, b: ModelStatus): number => Number(a.version) - Number(b.version);

function statusOf(deps: StatusDeps, name: string, loaded: LoadedVersion | undefined): ModelStatus {
  const entry = deps.catalog.get(name);
  const used = loaded && deps.statistics.page(name, loaded.version).lastInferenceMs;
  const degraded = degradedOf(deps, name, entry);
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
    ...(entry === undefined ? {} : { settings: settingsOf(deps, entry) }),
  };
}

function settingsOf(
  { finder, loader, predictions }: StatusDeps,
  entry: CatalogEntry,
): ModelSettings {
  const { checkFreshness, revalidateMs, maxStaleMs, strictFreshness } = finder.freshnessOf(entry);
  const policy = predictions?.policyOf(entry.deployment);
  const batching = batchingOf(entry.deployment);
  return {
    check_freshness: checkFreshness,
    revalidate_ms: revalidateMs,
    max_stale_ms: maxStaleMs,
    strict_freshness: strictFreshness,
    force_reload: loader.forcesReload(entry.deployment.model),
    use_cache: policy !== undefined,
    ...(policy === undefined
      ? {}
      : {
          cache: {
            isolate: policy.isolate,
            redis: policy.redis ?? null,
            ttl_ms: policy.ttlMs,
            stale_ms: policy.staleMs,
          },
        }),
    ...(batching === undefined
      ? {}
      : {
          batching: {
            max_batch_size: batching.maxBatchSize,
            min_concurrency: batching.minConcurrency,
          },
        }),
  };
}

function degradedOf(
  deps: StatusDeps,
  name: string,
  entry: CatalogEntry | undefined,
): ModelStatus["degraded"] {
  const wrong = whatIsWrong(deps, name);
  if (wrong !== undefined) {
    const { reason, detail, sinceMs } = wrong;
    return { reason, detail, since: new Date(sinceMs).toISOString() };
  }
  const { finder } = deps;
  if (entry === undefined || !finder.isStale(entry)) return undefined;
  const since = new Date(finder.checkedAtMs(entry)).toISOString();
  return { reason: "stale", detail: "nobody could confirm it since", since };
}

const iso = (ms: number | undefined): string | null =>
  ms === undefined || ms <= 0 ? null : new Date(ms).toISOString();
