import type { Deployment, Hold, Move } from "../../model/deployment.ts";
import { routeOf } from "../../routing/resolve.ts";
import { sameRoute } from "./same-route.ts";

/** A deployment whose last move is written in it. */
export type RecordedDeployment = Deployment & { readonly last_move: Move };

/** Tells whether the revision was made by Freshet, and not by somebody's editor. */
export const isRecorded = (deployment: Deployment): deployment is RecordedDeployment =>
  deployment.last_move?.rev === deployment.rev;

/**
 * A deployment as moves go on from it: an edit by hand that left `rev` as it was counts as
 * the revision that it should have made, or history would have no place for it.
 */
export function countEdit(deployment: Deployment): Deployment {
  if (!isRecorded(deployment)) return deployment;
  const { aliases, last_move, rev } = deployment;
  const names = Object.keys({ ...aliases, ...last_move.aliases });
  const isEdited = names.some(
    (alias) => !sameRoute(routeOf(deployment, alias), routeOf(last_move, alias)),
  );
  return isEdited ? { ...deployment, rev: rev + 1 } : deployment;
}

/**
 * The history entry of a revision that somebody wrote by hand: nobody knows who or when, but
 * what it routes is a state that one can roll back to.
 */
export function externalMove({ model, rev, aliases, last_move }: Deployment, at: string): Move {
  const before = new Map(Object.entries(last_move?.holds ?? {}));
  const holds = Object.entries(aliases).map(([alias, route]): [string, Hold] => {
    const previous = before.get(alias);
    if (previous === undefined) return [alias, { rev }];
    const isKept = last_move !== undefined && sameRoute(routeOf(last_move, alias), route);
    return [alias, isKept ? previous : { rev, previous: previous.rev }];
  });
  return {
    rev,
    id: `external-${model}-${rev}`,
    at,
    actor: "unknown",
    action: "external",
    from: null,
    to: null,
    aliases,
    holds: Object.fromEntries(holds),
  };
}
