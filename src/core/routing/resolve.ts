import type { Deployment, Route } from "../model/deployment.ts";
import { fail, ok, type Result } from "../model/result.ts";
import { chooseVersion } from "./choose-version.ts";

/** What a caller says to stay on one variant. */
export interface Stickiness {
  /** `x-freshet-routing-key`: any text, such as a user's id. */
  readonly routingKey?: string | undefined;
  /** `x-freshet-route` of an earlier answer. */
  readonly route?: string | undefined;
  readonly random: () => number;
}

export interface Resolved {
  readonly version: string;
  /** `production:2`, or the bare version for a fixed one: sent back as `x-freshet-route`. */
  readonly route: string;
}

export interface AliasNotFound {
  readonly reason: "alias_not_found";
  readonly detail: string;
}

/** Asked when a route has a choice: most have none, and headers cost. */
export type AskStickiness = () => Stickiness;

/** Turns an alias into one immutable version. Deterministic for one deployment and routing key. */
export function resolveAlias(
  deployment: Deployment,
  alias: string,
  askStickiness: AskStickiness,
): Result<Resolved, AliasNotFound> {
  const route = routeOf(deployment, alias);
  if (route === undefined) {
    const known = Object.keys(deployment.aliases);
    return fail({
      reason: "alias_not_found",
      detail: `model '${deployment.model}' has no alias '${alias}'; it has ${known.length === 0 ? "none" : known.join(", ")}`,
    });
  }
  const only = SETTLED.get(route) ?? settle(route, alias);
  if (only !== "open") return only;
  const version = choose(route, alias, askStickiness());
  return ok({ version, route: `${alias}:${version}` });
}

/** Of routes that leave no choice: most requests take one, and a route never changes. */
const SETTLED = new WeakMap<Route, Result<Resolved, never> | "open">();

function settle(route: Route, alias: string): Result<Resolved, never> | "open" {
  const version = onlyVersion(route);
  const settled = version === undefined ? "open" : ok({ version, route: `${alias}:${version}` });
  SETTLED.set(route, settled);
  return settled;
}

/** The one version that has all the weight. */
function onlyVersion({ weights }: Route): string | undefined {
  let only: string | undefined;
  for (const version in weights) {
    if ((weights[version] ?? 0) <= 0) continue;
    if (only !== undefined) return undefined;
    only = version;
  }
  return only;
}

const choose = (route: Route, alias: string, { route: stuck, routingKey, random }: Stickiness) =>
  stuckTo(route, alias, stuck) ?? chooseVersion(route, routingKey, random);

/** The route of an alias; `undefined` when there is none. */
export const routeOf = (
  { aliases }: Pick<Deployment, "aliases">,
  alias: string,
): Route | undefined =>
  // `constructor` is an alias like any other, and every object seems to have it.
  Object.hasOwn(aliases, alias) ? aliases[alias] : undefined;

/** The versions an alias may answer from now. */
export const routedVersions = (route: Route): readonly string[] =>
  Object.entries(route.weights).flatMap(([version, share]) => (share > 0 ? [version] : []));

// A variant that has since lost its weight no longer holds anyone.
function stuckTo(route: Route, alias: string, wanted: string | undefined): string | undefined {
  if (wanted === undefined || !wanted.startsWith(`${alias}:`)) return undefined;
  const version = wanted.slice(alias.length + 1);
  return (route.weights[version] ?? 0) > 0 ? version : undefined;
}
