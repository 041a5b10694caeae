import type { LoadedVersion, ModelCache } from "../cache/model-cache.ts";
import type { FlightContext } from "../cache/single-flight.ts";
import type { Deployment } from "../model/deployment.ts";
import { ok, type Result } from "../model/result.ts";
import type { Clock } from "../ports/clock.ts";
import type { Events } from "../ports/events.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import type { SharedCache } from "../ports/shared-cache.ts";
import type { Catalog, CatalogEntry } from "../routing/catalog.ts";
import { routedVersions, routeOf } from "../routing/resolve.ts";
import type { LoadFailure } from "./load-version.ts";
import { readDeployment } from "./read-deployment.ts";
import type { RegistryFailure } from "./registry-failure.ts";
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

/**
 * Confirms a model's deployment against the store with one conditional GET.
 *
 * A changed one is taken only after the versions it newly sends traffic to have
 * loaded, for every alias this isolate is serving; if one of them does not load,
 * the old deployment stays and the model is degraded with the reason. Never throws.
 */
export async function refreshDeployment(
  deps: RefreshDeps,
  context: FlightContext,
  model: string,
): Promise<RefreshOutcome> {
  const entry = deps.catalog.get(model);
  if (entry === undefined) return "unknown";
  const read = await readDeployment(deps.store, model, entry.etag);
  if (isOvertaken(deps, entry)) return "overtaken";
  if (read.ok) return take(deps, context, entry, read.value.value, read.value.etag);
  const { reason, detail } = read.failure;
  if (reason === "unchanged") return confirm(deps, entry);
  if (reason === "absent") {
    if (await isBackedUp(deps, model)) return keepOld(deps, entry, "pointer_missing", detail);
    if (isOvertaken(deps, entry)) return "overtaken";
    deps.catalog.forget(model);
    return "removed";
  }
  return keepOld(deps, entry, reason, detail);
}

/** A pointer that the backup has was lost and not removed: nothing of Freshet removes one. */
async function isBackedUp({ backupStore }: RefreshDeps, model: string): Promise<boolean> {
  if (backupStore === undefined) return false;
  const spare = await readDeployment(backupStore, model);
  return spare.ok || spare.failure.reason !== "absent";
}

function confirm(deps: RefreshDeps, entry: CatalogEntry): RefreshOutcome {
  const now = deps.clock.now();
  const { deployment, etag } = entry;
  deps.catalog.set(deployment.model, { deployment, etag, checkedAtMs: now, triedAtMs: now });
  return "unchanged";
}

async function take(
  deps: RefreshDeps,
  context: FlightContext,
  entry: CatalogEntry,
  deployment: Deployment,
  etag: string,
): Promise<RefreshOutcome> {
  const { model } = deployment;
  for (const version of versionsToLoad(deps, entry.deployment, deployment)) {
    const { value: outcome } = await deps.loader.load(context, model, version);
    if (isOvertaken(deps, entry)) return "overtaken";
    if (!outcome.ok) return keepOld(deps, entry, ...why(version, outcome.failure));
    const warm = await runSample(deps, outcome.value);
    if (isOvertaken(deps, entry)) return "overtaken";
    if (!warm.ok) return keepOld(deps, entry, ...why(version, warm.failure));
  }
  const now = deps.clock.now();
  deps.catalog.set(model, { deployment, etag, checkedAtMs: now, triedAtMs: now });
  deps.events.emit({
    kind: "deployment_changed",
    model,
    fromRev: entry.deployment.rev,
    toRev: deployment.rev,
  });
  releaseUnrouted(deps.models, entry.deployment, deployment);
  return "changed";
}

/**
 * Lets go of versions that no alias has named since the move before last: a model that is
 * published often would fill the engine, whose memory never shrinks. What the old deployment
 * routes to stays: requests are under way to it, and a rollback finds it loaded.
 */
function releaseUnrouted(models: ModelCache, old: Deployment, next: Deployment): void {
  const named = new Set([...namedVersions(old), ...namedVersions(next)]);
  for (const { model, version } of models.loaded()) {
    if (model === next.model && !named.has(version)) models.unload(model, version, "unrouted");
  }
}

const namedVersions = ({ aliases, warm = [] }: Deployment): readonly string[] => [
  ...Object.values(aliases).flatMap(routedVersions),
  ...warm,
];

/** A version's first run is not a caller's, and one that cannot answer its own sample gets no traffic. */
async function runSample(
  { models }: RefreshDeps,
  loaded: LoadedVersion,
): Promise<Result<undefined, RegistryFailure>> {
  const { sample } = loaded.manifest;
  if (sample === undefined) return ok(undefined);
  const { checkSample } = await import("./publish/check-sample.ts");
  // Crowded out already: whoever asks for it loads it again.
  return (await models.use(loaded, (session) => checkSample(session, sample))) ?? ok(undefined);
}

// A request's check and the cron's may overlap, and a slow store lets the older one answer last.
const isOvertaken = ({ catalog }: RefreshDeps, { deployment, etag }: CatalogEntry): boolean =>
  catalog.get(deployment.model)?.etag !== etag;

/** Versions that an alias in use here would newly answer from. */
function versionsToLoad(
  { models, catalog }: RefreshDeps,
  old: Deployment,
  next: Deployment,
): readonly string[] {
  const { model } = next;
  const wanted = Object.entries(next.aliases)
    // What was crowded out or cleared is asked for again: it must not meet a version untried.
    .filter(([alias]) => isInUse(models, old, alias) || catalog.hasServed(model, alias))
    .flatMap(([, route]) => routedVersions(route));
  return [...new Set(wanted)].filter((version) => models.peek(model, version) === undefined);
}

function isInUse(models: ModelCache, deployment: Deployment, alias: string): boolean {
  const route = routeOf(deployment, alias);
  if (route === undefined) return false;
  return routedVersions(route).some(
    (version) => models.peek(deployment.model, version) !== undefined,
  );
}

function keepOld(
  deps: RefreshDeps,
  entry: CatalogEntry,
  reason: string,
  detail: string,
): RefreshOutcome {
  const { model } = entry.deployment;
  const now = deps.clock.now();
  const sinceMs = entry.degraded?.sinceMs ?? now;
  deps.catalog.set(model, { ...entry, triedAtMs: now, degraded: { reason, detail, sinceMs } });
  deps.events.emit({ kind: "deployment_kept", model, reason, detail });
  return "kept";
}

const why = (version: string, failure: LoadFailure | RegistryFailure): [string, string] => [
  failure.reason,
  `version ${version}: ${failure.detail}`,
];
