import type { Deployment, DeploymentSettings, Route } from "../../model/deployment.ts";
import { isVersion, PRODUCTION } from "../../model/reference.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { routeOf } from "../../routing/resolve.ts";
import type { RegistryFailure } from "../registry-failure.ts";
import { checkRoute, checkVersions } from "./check-route.ts";
import { type Mover, movePointer, type PlanMove, type PointerDeps } from "./move-pointer.ts";
import { noAlias } from "./set-alias.ts";

/** What a caller may put into a deployment; the rest is the registry's own. */
export interface Replacement {
  /** All of them; left out, they stay as they are. */
  readonly aliases?: Readonly<Record<string, Route>> | undefined;
  readonly force: boolean;
  /** Each one stays as it is where it is left out; one that is there and `undefined` is taken out. */
  readonly settings?: DeploymentSettings;
  /** Looks at the deployment as it is to be, its routes checked, and as it is; a failure keeps it so. */
  readonly check?:
    | ((deployment: Deployment, before: Deployment) => Promise<Result<undefined, RegistryFailure>>)
    | undefined;
}

/**
 * Replaces all routes of a deployment at once, and its settings, if it still is the one the caller
 * read; what is left out stays. One that nobody can read is replaced, too, and goes on from what the
 * history tells.
 * @param etag the store's validator that the caller read; `*`: whatever stands there
 */
export function replaceDeployment(
  deps: PointerDeps,
  model: string,
  etag: string,
  { aliases, force, settings = {}, check }: Replacement,
  mover: Mover,
): Promise<Result<Deployment, RegistryFailure>> {
  const plan: PlanMove = async (deployment, readEtag) => {
    // After a lost race, too: the caller has not seen the state that somebody else made.
    if (etag !== "*" && readEtag !== etag) return lost(model);
    const routes = aliases ?? deployment.aliases;
    if (!Object.hasOwn(routes, PRODUCTION)) return withoutProduction();
    for (const [alias, route] of Object.entries(aliases ?? {})) {
      const checked = await checkRoute(deps.store, deployment, alias, route, force);
      if (!checked.ok) return checked;
    }
    const warmed = await checkWarm(deps.store, { ...deployment, aliases: routes }, settings.warm);
    if (!warmed.ok) return warmed;
    const whole = await check?.({ ...deployment, ...settings, aliases: routes }, deployment);
    if (whole?.ok === false) return whole;
    return ok({
      deployment: { ...settings, aliases: { ...routes } },
      move: { action: "replace", from: null, to: null, ...(force ? { forced: true } : {}) },
    });
  };
  return movePointer(deps, model, mover, plan, "where-unreadable");
}

/** Checks that what is to be loaded before anybody asks is there. One GET for each version. */
async function checkWarm(
  store: ObjectStore,
  deployment: Deployment,
  words: DeploymentSettings["warm"] = [],
): Promise<Result<undefined, RegistryFailure>> {
  for (const [place, word] of words.entries()) {
    const known = await isThere(store, deployment, word);
    if (known.ok) continue;
    const { reason, detail } = known.failure;
    return fail({ ...known.failure, reason, detail: `warm.${place}: ${detail}` });
  }
  return ok(undefined);
}

const isThere = async (store: ObjectStore, deployment: Deployment, word: string) => {
  if (isVersion(word)) return checkVersions(store, deployment, { weights: { [word]: 100 } });
  return routeOf(deployment, word) === undefined ? noAlias(deployment, word) : ok(undefined);
};

const withoutProduction = () =>
  fail({
    reason: "invalid_request",
    detail: `aliases must hold '${PRODUCTION}': it is what a bare model name means`,
  });

const lost = (model: string) =>
  fail({
    reason: "precondition_failed",
    detail: `the deployment of '${model}' is not the one of If-Match any more: read it again`,
  });
