import type { Route } from "../../model/deployment.ts";

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
