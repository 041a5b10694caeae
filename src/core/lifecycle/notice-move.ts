import type { FlightContext } from "../cache/single-flight.ts";
import type { AnnounceDeps } from "./freshness/announce.ts";
import type { Order } from "./freshness/shared-keys.ts";
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
  if (sharedCache !== undefined) {
    context.background.keep(announce({ store, sharedCache }, model));
  }
}

async function announce(deps: AnnounceDeps, model: string): Promise<void> {
  // Loaded when somebody moves something: a cold start does not wait for it.
  const { announcePointer } = await import("./freshness/announce.ts");
  await announcePointer(deps, model);
}

/**
 * Has every isolate ask the store about a model's pointer, or all of them, in the background: for
 * those that do not follow it, and so would not see that they are to follow it again. Several
 * orders within one interval make isolates forget everything: one for each act.
 */
export function orderRefresh(
  { sharedCache }: Pick<RefreshDeps, "sharedCache">,
  { background }: FlightContext,
  model: string | undefined,
): void {
  if (sharedCache === undefined) return;
  const order = { what: "refresh" as const, ...(model === undefined ? {} : { model }) };
  background.keep(raise(sharedCache, order));
}

async function raise(
  sharedCache: AnnounceDeps["sharedCache"],
  order: Pick<Order, "what" | "model">,
): Promise<void> {
  const { raiseEpoch } = await import("./freshness/announce.ts");
  await raiseEpoch(sharedCache, order);
}
