import type { PredictionCache } from "../../src/core/cache/prediction-cache.ts";
import { CatalogFeed } from "../../src/core/lifecycle/freshness/catalog-feed.ts";
import { obeyOrder } from "../../src/core/lifecycle/freshness/obey-order.ts";
import type { FreshnessSettings } from "../../src/core/lifecycle/freshness/settings.ts";
import {
  type RefreshDeps,
  refreshDeployment,
} from "../../src/core/lifecycle/refresh-deployment.ts";

/** The settings of the Worker as they come. */
export const FRESHNESS: FreshnessSettings = {
  checkFreshness: true,
  revalidateMs: 5_000,
  maxStaleMs: 3_600_000,
  strictFreshness: false,
};

/** As compose wires it. */
export function feedOf(
  deps: RefreshDeps & { readonly predictions?: PredictionCache | undefined },
): CatalogFeed | undefined {
  const { sharedCache, catalog, clock, events } = deps;
  if (sharedCache === undefined) return undefined;
  return new CatalogFeed({
    sharedCache,
    catalog,
    clock,
    events,
    refresh: (context, model) => refreshDeployment(deps, context, model),
    obey: (order) => obeyOrder(deps, order),
  });
}
