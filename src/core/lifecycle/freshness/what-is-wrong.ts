import { PRODUCTION } from "../../model/reference.ts";
import type { Catalog, Degraded } from "../../routing/catalog.ts";
import { routedVersions, routeOf } from "../../routing/resolve.ts";
import type { RefreshDeps } from "../refresh-deployment.ts";

type KnownDeps = Pick<RefreshDeps, "catalog" | "models" | "loader">;

/**
 * Why requests for a model are refused here, or answered by what it had before; `undefined` when
 * nothing is known to be wrong. Of what this isolate has met; nobody is asked.
 */
export function whatIsWrong(deps: KnownDeps, model: string): Degraded | undefined {
  const { catalog } = deps;
  const entry = catalog.get(model);
  if (entry === undefined) return catalog.lost(model);
  return entry.degraded ?? unloadable(deps, model) ?? unrouted(catalog, model);
}

/** Versions that an alias leads to and that did not load when they were last tried, production's first. */
export function failedRoutes({ catalog, models, loader }: KnownDeps, model: string) {
  const aliases = catalog.get(model)?.deployment.aliases ?? {};
  const byProduction = Object.entries(aliases).sort(
    ([a], [b]) => Number(b === PRODUCTION) - Number(a === PRODUCTION),
  );
  const routed = [...new Set(byProduction.flatMap(([, route]) => routedVersions(route)))];
  const failed = loader.failed(model);
  return routed
    .filter((version) => models.peek(model, version) === undefined)
    .flatMap((version) => failed.filter((one) => one.version === version));
}

function unloadable(deps: KnownDeps, model: string): Degraded | undefined {
  const [failed] = failedRoutes(deps, model);
  if (failed === undefined) return undefined;
  const { version, failure, sinceMs } = failed;
  return { reason: failure.reason, detail: `version ${version}: ${failure.detail}`, sinceMs };
}

/** Written by hand, and met so by an isolate that knew no other: the rest goes on with what they had. */
function unrouted(catalog: Catalog, model: string): Degraded | undefined {
  const entry = catalog.get(model);
  if (entry === undefined || routeOf(entry.deployment, PRODUCTION) !== undefined) return undefined;
  return {
    reason: "alias_not_found",
    detail: `there is no alias '${PRODUCTION}', which a bare model name means`,
    sinceMs: entry.checkedAtMs,
  };
}
