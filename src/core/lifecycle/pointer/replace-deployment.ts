import type { Deployment, DeploymentSettings, Route } from "../../model/deployment.ts";
import { PRODUCTION } from "../../model/reference.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { RegistryFailure } from "../registry-failure.ts";
import { checkRoute } from "./check-route.ts";
import { type Mover, movePointer, type PlanMove, type PointerDeps } from "./move-pointer.ts";

/** What a caller may put into a deployment; the rest is the registry's own. */
export interface Replacement {
  /** All of them; left out, they stay as they are. */
  readonly aliases?: Readonly<Record<string, Route>> | undefined;
  readonly force: boolean;
  /** Each one stays as it is where it is left out. */
  readonly settings?: DeploymentSettings;
  /** Looks at the deployment as it is to be, its routes checked; a failure keeps it as it was. */
  readonly check?:
    | ((deployment: Deployment) => Promise<Result<undefined, RegistryFailure>>)
    | undefined;
}

/**
 * Replaces all routes of a deployment at once, and its settings, if it still is the one the caller
 * read; what is left out stays. One that nobody can read is replaced, too, and goes on from what the
 * history tells.
 * @param etag the store's validator that the caller read
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
    if (readEtag !== etag) return lost(model);
    const routes = aliases ?? deployment.aliases;
    if (!Object.hasOwn(routes, PRODUCTION)) return withoutProduction();
    for (const [alias, route] of Object.entries(aliases ?? {})) {
      const checked = await checkRoute(deps.store, deployment, alias, route, force);
      if (!checked.ok) return checked;
    }
    const whole = await check?.({ ...deployment, ...settings, aliases: routes });
    if (whole?.ok === false) return whole;
    return ok({
      deployment: { ...settings, aliases: { ...routes } },
      move: { action: "replace", from: null, to: null, ...(force ? { forced: true } : {}) },
    });
  };
  return movePointer(deps, model, mover, plan, "where-unreadable");
}

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
