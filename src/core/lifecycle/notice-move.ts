import type { FlightContext } from "../cache/single-flight.ts";
import { type RefreshDeps, refreshDeployment } from "./refresh-deployment.ts";

/**
 * Tells this isolate that a model's pointer or versions changed: what was known to be absent
 * or broken is tried again, and the new pointer is taken in the background as by a check.
 * The other isolates are told through the shared cache, also in the background.
 */
export function noticeMove(deps: RefreshDeps, context: FlightContext, model: string): void {
  deps.loader.forgiveAll(model);
  if (deps.catalog.get(model) === undefined) deps.catalog.forget(model);
  else context.background.keep(refreshDeployment(deps, context, model));
  const { store, sharedCache } = deps;
  if (sharedCache !== undefined) context.background.keep(announce(store, sharedCache, model));
}

async function announce(
  store: RefreshDeps["store"],
  sharedCache: NonNullable<RefreshDeps["sharedCache"]>,
  model: string,
): Promise<void> {
  // Loaded when somebody moves something: a cold start does not wait for it.
  const { announcePointer } = await import("./freshness/announce.ts");
  await announcePointer({ store, sharedCache }, model);
}
