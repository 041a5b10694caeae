import type { FlightContext } from "../cache/single-flight.ts";
import type { Deployment } from "../model/deployment.ts";
import type { ServeFailure } from "../model/failure.ts";
import { PRODUCTION } from "../model/reference.ts";
import { fail, ok, type Result } from "../model/result.ts";
import type { Catalog } from "../routing/catalog.ts";
import { routedVersions } from "../routing/resolve.ts";
import type { DeploymentFinder } from "./find-deployment.ts";
import { toServeFailure } from "./load-version.ts";
import { type RefreshDeps, refreshDeployment } from "./refresh-deployment.ts";

export interface LoadModelDeps extends RefreshDeps {
  readonly finder: DeploymentFinder;
}

/**
 * Checks a model's deployment with the store now and loads what `production`
 * answers from (every alias, when there is no `production`), trying again what
 * failed before. For this isolate only.
 */
export async function loadModel(
  deps: LoadModelDeps,
  context: FlightContext,
  model: string,
): Promise<Result<readonly string[], ServeFailure>> {
  const deployment = await confirmedDeployment(deps, context, model);
  if (!deployment.ok) return deployment;
  const versions = versionsToServe(deployment.value);
  for (const version of versions) {
    deps.loader.forgive(model, version);
    if (deps.models.get(model, version) !== undefined) continue;
    const { value: outcome } = await deps.loader.load(context, model, version);
    if (!outcome.ok) return fail(toServeFailure(model, version, outcome.failure));
  }
  return ok(versions);
}

/** Lets go of every version of a model in this isolate; answers which were loaded. */
export function unloadModel(
  deps: Pick<RefreshDeps, "models" | "catalog">,
  model: string,
): readonly string[] {
  const versions = deps.models
    .loaded()
    .filter((loaded) => loaded.model === model)
    .map(({ version }) => version);
  for (const version of versions) deps.models.unload(model, version);
  deps.catalog.forget(model);
  return versions;
}

/** A model's deployment, asked of the store now; what was known to be broken is tried again. */
export async function confirmedDeployment(
  deps: LoadModelDeps,
  context: FlightContext,
  model: string,
): Promise<Result<Deployment, ServeFailure>> {
  if (deps.catalog.get(model) === undefined) {
    deps.catalog.forget(model);
    const found = await deps.finder.find(context, model);
    return found.ok ? ok(found.value.deployment) : found;
  }
  deps.loader.forgiveAll(model);
  const outcome = await refreshDeployment(deps, context, model);
  return afterRefresh(deps.catalog, model, outcome === "kept");
}

function afterRefresh(
  catalog: Catalog,
  model: string,
  kept: boolean,
): Result<Deployment, ServeFailure> {
  const entry = catalog.get(model);
  if (entry === undefined) {
    return fail({ reason: "model_not_found", detail: `there is no model '${model}'` });
  }
  const { degraded } = entry;
  if (!kept || degraded === undefined) return ok(entry.deployment);
  return fail({
    reason: "model_unavailable",
    detail: `model '${model}' goes on with what it had (${degraded.reason}): ${degraded.detail}`,
  });
}

function versionsToServe({ aliases }: Deployment): readonly string[] {
  const production = aliases[PRODUCTION];
  const routes = production === undefined ? Object.values(aliases) : [production];
  return [...new Set(routes.flatMap(routedVersions))];
}
