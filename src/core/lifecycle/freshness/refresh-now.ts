import type { FlightContext } from "../../cache/single-flight.ts";
import type { Deployment } from "../../model/deployment.ts";
import type { ServeFailure } from "../../model/failure.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { BytesCache } from "../../ports/bytes-cache.ts";
import { checkVersionObjects } from "../check-version-object.ts";
import type { DeploymentFinder } from "../find-deployment.ts";
import { type RefreshDeps, refreshDeployment } from "../refresh-deployment.ts";
import type { VersionObjects } from "../version-objects.ts";
import { announcePointer } from "./announce.ts";
import { failedRoutes, whatIsWrong } from "./what-is-wrong.ts";

export interface RefreshNowDeps extends RefreshDeps {
  readonly finder: DeploymentFinder;
  /** Missing: what stands in the bucket under a loaded version is not looked at. */
  readonly objects?: VersionObjects | undefined;
  readonly bytesCache?: BytesCache | undefined;
}

/** Milliseconds within which looks at the objects under loaded versions are begun. */
const OBJECTS_BUDGET_MS = 5_000;

/** Weights by alias, as they were and as they are; `null` for a model that was not known here, or is gone. */
type Routes = Readonly<Record<string, Readonly<Record<string, number>>>> | null;

export interface Refreshed {
  readonly model: string;
  readonly from: Routes;
  readonly to: Routes;
  readonly changed: boolean;
  /** Why the newer state was not taken, why requests are refused, or what is wrong in the bucket under what is served on. */
  readonly reason?: string;
}

/**
 * Asks the store about a model now: a changed deployment is taken, once what it sends traffic
 * to has loaded, what was broken is tried again, and the objects under its loaded versions are
 * looked at. Every other isolate is told.
 */
export async function refreshNow(
  deps: RefreshNowDeps,
  context: FlightContext,
  model: string,
): Promise<Result<Refreshed, ServeFailure>> {
  deps.loader.forgiveAll(model);
  const before = deps.catalog.get(model);
  if (before === undefined) {
    deps.catalog.forget(model);
    const found = await deps.finder.find(context, model);
    if (!found.ok) return found;
    await announce(deps, model);
    await tryAgain(deps, context, model);
    const to = routesOf(found.value.deployment);
    return ok({ model, from: null, to, changed: false, ...reasonOf(deps, model) });
  }
  const outcome = await refreshDeployment(deps, context, model);
  await announce(deps, model);
  await tryAgain(deps, context, model);
  await checkObjects(deps, context, model);
  const after = deps.catalog.get(model);
  const from = routesOf(before.deployment);
  if (after === undefined) {
    return outcome === "removed"
      ? ok({ model, from, to: null, changed: true, ...reasonOf(deps, model) })
      : fail({ reason: "model_not_found", detail: `there is no model '${model}'` });
  }
  const changed = after.etag !== before.etag;
  const to = routesOf(after.deployment);
  return ok({ model, from, to, changed, ...reasonOf(deps, model) });
}

/** Loads again what requests are refused for: only so is it known whether it is right by now. */
async function tryAgain(
  deps: RefreshNowDeps,
  context: FlightContext,
  model: string,
): Promise<void> {
  for (const { version } of failedRoutes(deps, model)) {
    await deps.loader.load(context, model, version);
  }
}

function reasonOf(deps: RefreshNowDeps, model: string): Pick<Refreshed, "reason"> {
  const wrong = whatIsWrong(deps, model);
  return wrong === undefined ? {} : { reason: `${wrong.reason}: ${wrong.detail}` };
}

async function checkObjects(
  deps: RefreshNowDeps,
  context: FlightContext,
  model: string,
): Promise<void> {
  const { objects, models, clock } = deps;
  if (objects === undefined) return;
  const loaded = models.loaded().filter((version) => version.model === model);
  const untilMs = clock.now() + OBJECTS_BUDGET_MS;
  await checkVersionObjects({ ...deps, objects }, context, loaded, untilMs);
}

async function announce({ store, sharedCache }: RefreshNowDeps, model: string): Promise<void> {
  if (sharedCache !== undefined) await announcePointer({ store, sharedCache }, model);
}

const routesOf = ({ aliases }: Deployment): Routes =>
  Object.fromEntries(Object.entries(aliases).map(([alias, { weights }]) => [alias, weights]));
