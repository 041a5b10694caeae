import type { Deployment, Route } from "../../model/deployment.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { RegistryFailure } from "../registry-failure.ts";
import { checkRoute } from "./check-route.ts";
import { type Mover, movePointer, type PointerDeps } from "./move-pointer.ts";

/** What a caller may put into a deployment; the rest is the registry's own. */
export interface Replacement {
  readonly aliases: Readonly<Record<string, Route>>;
  readonly force: boolean;
}

/**
 * Replaces all routes of a deployment at once, if it still is the one the caller read.
 * @param etag the store's validator that the caller read
 */
export function replaceDeployment(
  deps: PointerDeps,
  model: string,
  etag: string,
  { aliases, force }: Replacement,
  mover: Mover,
): Promise<Result<Deployment, RegistryFailure>> {
  return movePointer(deps, model, mover, async (deployment, readEtag) => {
    // After a lost race, too: the caller has not seen the state that somebody else made.
    if (readEtag !== etag) return lost(model);
    for (const [alias, route] of Object.entries(aliases)) {
      const checked = await checkRoute(deps.store, deployment, alias, route, force);
      if (!checked.ok) return checked;
    }
    return ok({
      deployment: { aliases: { ...aliases } },
      move: { action: "replace", from: null, to: null, ...(force ? { forced: true } : {}) },
    });
  });
}

const lost = (model: string) =>
  fail({
    reason: "precondition_failed",
    detail: `the deployment of '${model}' is not the one of If-Match any more: read it again`,
  });
