import type { Deployment, Move } from "../../model/deployment.ts";

/** A deployment whose last move is written in it. */
export type RecordedDeployment = Deployment & { readonly last_move: Move };

/** Tells whether the revision was made by Freshet, and not by somebody's editor. */
export const isRecorded = (deployment: Deployment): deployment is RecordedDeployment =>
  deployment.last_move?.rev === deployment.rev;

/**
 * The history entry of a revision that somebody wrote by hand: nobody knows who or when, but
 * what it routes is a state that one can roll back to.
 */
export function externalMove({ model, rev, aliases, last_move }: Deployment, at: string): Move {
  const before = new Map(Object.entries(last_move?.holds ?? {}));
  const holds = Object.keys(aliases).map((alias) => {
    const previous = before.get(alias);
    return [alias, { rev, ...(previous === undefined ? {} : { previous: previous.rev }) }] as const;
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
