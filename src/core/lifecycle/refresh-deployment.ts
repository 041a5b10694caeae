import type { LoadedVersion, ModelCache } from "../cache/model-cache.ts";
import type { FlightContext } from "../cache/single-flight.ts";
import type { Deployment } from "../model/deployment.ts";
import { deploymentKey } from "../model/keys.ts";
import { PRODUCTION } from "../model/reference.ts";
import { ok, type Result } from "../model/result.ts";
import type { CatalogEntry } from "../routing/catalog.ts";
import { routedVersions, routeOf } from "../routing/resolve.ts";
import { dropReplaced } from "./drop-replaced.ts";
import { isOvertaken, keepOld } from "./keep-old.ts";
import type { LoadFailure } from "./load-version.ts";
import { readDeployment } from "./read-deployment.ts";
import type { RefreshDeps, RefreshOutcome } from "./refresh-deps.ts";
import type { RegistryFailure } from "./registry-failure.ts";
import type { Why } from "./retry-pauses.ts";

export type { RefreshDeps, RefreshOutcome } from "./refresh-deps.ts";

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
  const { failure } = read;
  if (failure.reason === "unchanged") return confirm(deps, entry);
  if (failure.reason === "absent") {
    // Not imported but when a pointer is in trouble: a cold start loads what it needs.
    const { losePointer } = await import("./lose-pointer.ts");
    return losePointer(deps, entry, failure.detail);
  }
  return keepOld(deps, entry, {
    ...failure,
    pointerEtag: "etag" in failure ? failure.etag : undefined,
  });
}

function confirm(deps: RefreshDeps, entry: CatalogEntry): RefreshOutcome {
  const now = deps.clock.now();
  const { deployment, etag } = entry;
  deps.loader.pauses.end(deployment.model);
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
  const { loader, clock } = deps;
  if (lacksProduction(deployment) && !lacksProduction(entry.deployment)) {
    return keepOld(deps, entry, { ...withoutProduction(model), pointerEtag: etag });
  }
  dropReplaced(deps.models, deployment);
  const resting = loader.pauses.restingFor(model, etag, clock.now());
  const wrong = resting ?? (await tryVersions(deps, context, entry, deployment, etag));
  if (wrong === "overtaken") return wrong;
  if (wrong !== undefined) {
    // The store's trouble says nothing of the versions, and may be over at the next check.
    if (wrong !== resting && wrong.reason !== "store_unavailable") {
      loader.pauses.rest(model, etag, wrong, clock.now());
    }
    const { reason, detail } = wrong;
    return keepOld(deps, entry, { reason, detail, pointerEtag: etag });
  }
  loader.pauses.end(model);
  const now = clock.now();
  deps.catalog.set(model, { deployment, etag, checkedAtMs: now, triedAtMs: now });
  const { rev: toRev } = deployment;
  deps.events.emit({ kind: "deployment_changed", model, fromRev: entry.deployment.rev, toRev });
  releaseUnrouted(deps.models, entry.deployment, deployment);
  return "changed";
}

/** Loads what a pointer newly sends traffic to, and has it answer its sample; tells what does not. */
async function tryVersions(
  deps: RefreshDeps,
  context: FlightContext,
  entry: CatalogEntry,
  deployment: Deployment,
  etag: string,
): Promise<Why | "overtaken" | undefined> {
  const { model, digests = {} } = deployment;
  const failed = deps.loader.pauses.failedVersion(model, etag);
  const why = (version: string, { reason, detail }: LoadFailure | RegistryFailure): Why => ({
    version,
    reason,
    detail: `version ${version}: ${detail}`,
  });
  for (const version of versionsToTry(deps, entry.deployment, deployment, failed)) {
    const published = digests[version];
    const { value: outcome } = await deps.loader.load(context, model, version, { published });
    if (isOvertaken(deps, entry)) return "overtaken";
    if (!outcome.ok) return why(version, outcome.failure);
    const warm = await runSample(deps, outcome.value);
    if (isOvertaken(deps, entry)) return "overtaken";
    if (warm.ok) continue;
    // What gets no traffic holds no memory; and its manifest is read anew when it is tried again.
    deps.models.unload(model, version, "unrouted");
    return why(version, warm.failure);
  }
  return undefined;
}

const lacksProduction = (deployment: Deployment): boolean =>
  routeOf(deployment, PRODUCTION) === undefined;

/** As the API, which takes no such deployment. */
const withoutProduction = (model: string) => ({
  reason: "invalid_document",
  detail: `${deploymentKey(model)}: aliases: '${PRODUCTION}' is missing: it is what a bare model name means`,
});

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

/**
 * Versions that an alias in use here would newly answer from: what is loaded has been tried, save
 * the one that failed for this pointer before and that a request by its number has loaded since.
 */
function versionsToTry(
  { models, catalog }: RefreshDeps,
  old: Deployment,
  next: Deployment,
  failed: string | undefined,
): readonly string[] {
  const { model } = next;
  const wanted = Object.entries(next.aliases)
    // What was crowded out or cleared is asked for again: it must not meet a version untried.
    .filter(([alias]) => isInUse(models, old, alias) || catalog.hasServed(model, alias))
    .flatMap(([, route]) => routedVersions(route));
  return [...new Set(wanted)].filter(
    (version) => version === failed || models.peek(model, version) === undefined,
  );
}

function isInUse(models: ModelCache, deployment: Deployment, alias: string): boolean {
  const route = routeOf(deployment, alias);
  if (route === undefined) return false;
  return routedVersions(route).some(
    (version) => models.peek(deployment.model, version) !== undefined,
  );
}
