import type { LoadedVersion, ModelCache } from "../cache/model-cache.ts";
import type { FlightContext } from "../cache/single-flight.ts";
import type { DeploymentFinder } from "../lifecycle/find-deployment.ts";
import { toServeFailure } from "../lifecycle/load-version.ts";
import type { VersionLoader } from "../lifecycle/version-loader.ts";
import type { ServeFailure } from "../model/failure.ts";
import type { Reference } from "../model/reference.ts";
import { fail, ok, type Result } from "../model/result.ts";
import { type AskStickiness, type Resolved, resolveAlias } from "../routing/resolve.ts";

export interface AcquireDeps {
  readonly finder: DeploymentFinder;
  readonly models: ModelCache;
  readonly loader: VersionLoader;
}

/** How the isolate came by the session; `unused`: the answer was there without one. */
export type ModelCacheOutcome = "hit" | "miss" | "collapsed" | "unused";

export interface Acquired {
  readonly loaded: LoadedVersion;
  readonly route: string;
  readonly modelCache: ModelCacheOutcome;
}

/**
 * As `acquireVersion`, when model and version are known here: neither I/O nor a wait, as for
 * almost every request. `undefined` when somebody has to be asked.
 */
export function readyVersion(
  deps: AcquireDeps,
  context: FlightContext,
  reference: Reference,
  stickiness: AskStickiness,
): Result<Acquired, ServeFailure> | undefined {
  const resolved = resolveKnown(deps, context, reference, stickiness);
  if (resolved === undefined || !resolved.ok) return resolved;
  const { version, route } = resolved.value;
  const loaded = deps.models.get(reference.model, version);
  return loaded === undefined ? undefined : ok({ loaded, route, modelCache: "hit" });
}

/** Turns a reference into a loaded version, with the store's help when need be. */
export async function acquireVersion(
  deps: AcquireDeps,
  context: FlightContext,
  reference: Reference,
  stickiness: AskStickiness,
): Promise<Result<Acquired, ServeFailure>> {
  const resolved = await resolve(deps, context, reference, stickiness);
  if (!resolved.ok) return resolved;
  const { version, route } = resolved.value;
  const ready = deps.models.get(reference.model, version);
  if (ready !== undefined) return ok({ loaded: ready, route, modelCache: "hit" });
  const { value: outcome, collapsed } = await deps.loader.load(context, reference.model, version);
  if (!outcome.ok) return fail(toServeFailure(reference.model, version, outcome.failure));
  return ok({ loaded: outcome.value, route, modelCache: collapsed ? "collapsed" : "miss" });
}

/** One version, without a wait; `undefined` for an alias of a model that nobody has asked for yet. */
export function resolveKnown(
  deps: Pick<AcquireDeps, "finder">,
  context: FlightContext,
  { model, selector }: Reference,
  stickiness: AskStickiness,
): Result<Resolved, ServeFailure> | undefined {
  // A fixed version is itself, whatever the deployment says.
  if (selector.kind === "version") return ok(fixed(selector.version));
  const known = deps.finder.known(context, model);
  return known === undefined
    ? undefined
    : resolveAlias(known.deployment, selector.alias, stickiness);
}

/** One version, with a GET of the deployment when need be. */
export async function resolve(
  deps: Pick<AcquireDeps, "finder">,
  context: FlightContext,
  reference: Reference,
  stickiness: AskStickiness,
): Promise<Result<Resolved, ServeFailure>> {
  const { model, selector } = reference;
  // A fixed version is itself, whatever the deployment says.
  if (selector.kind === "version") return ok(fixed(selector.version));
  const found = await deps.finder.find(context, model);
  return found.ok ? resolveAlias(found.value.deployment, selector.alias, stickiness) : found;
}

const fixed = (version: string): Resolved => ({ version, route: version });
