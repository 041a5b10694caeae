import type { Deployment, Route } from "../../model/deployment.ts";
import { routeOf } from "../../routing/resolve.ts";

/**
 * Whether two routes name the same versions with the same shares. A version with a share of 0
 * counts: it is named, and what is named cannot be deleted.
 */
export function sameRoute(a: Route | undefined, b: Route | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  const versions = Object.keys(a.weights);
  if (a.shadow !== b.shadow || versions.length !== Object.keys(b.weights).length) return false;
  return versions.every((version) => a.weights[version] === b.weights[version]);
}

/** Whether two deployments' aliases are the same and point at the same. */
export function sameRoutes(a: Deployment["aliases"], b: Deployment["aliases"]): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) =>
    sameRoute(routeOf({ aliases: a }, name), routeOf({ aliases: b }, name)),
  );
}
