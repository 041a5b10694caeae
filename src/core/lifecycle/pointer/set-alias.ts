import type { Deployment, Route } from "../../model/deployment.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import { routeOf } from "../../routing/resolve.ts";
import type { RegistryFailure } from "../registry-failure.ts";
import { checkRoute } from "./check-route.ts";
import { type Mover, movePointer, type PointerDeps } from "./move-pointer.ts";
import { sameRoute } from "./same-route.ts";

/** An alias and where it now points. */
export interface AliasMoved {
  readonly alias: string;
  /** Missing when the alias was removed. */
  readonly route?: Route;
  readonly rev: number;
}

export interface SetAlias {
  readonly alias: string;
  readonly route: Route;
  /** Take a route whose interface differs from what the alias serves now. */
  readonly force: boolean;
}

/** Points an alias, new or old, at a route. Pointing it where it points already moves nothing. */
export async function setAlias(
  deps: PointerDeps,
  model: string,
  { alias, route, force }: SetAlias,
  mover: Mover,
): Promise<Result<AliasMoved, RegistryFailure>> {
  const moved = await movePointer(deps, model, mover, (deployment) =>
    planSet(deps, deployment, alias, route, force, "set"),
  );
  return moved.ok ? ok({ alias, route, rev: moved.value.rev }) : moved;
}

/** Takes an alias away; `production` stays as long as the model is. */
export async function removeAlias(
  deps: PointerDeps,
  model: string,
  alias: string,
  mover: Mover,
): Promise<Result<AliasMoved, RegistryFailure>> {
  const moved = await movePointer(deps, model, mover, async (deployment) => {
    const from = routeOf(deployment, alias);
    if (from === undefined) return noAlias(deployment, alias);
    const aliases = Object.fromEntries(
      Object.entries(deployment.aliases).filter(([name]) => name !== alias),
    );
    return ok({ deployment: { aliases }, move: { action: "remove", alias, from, to: null } });
  });
  return moved.ok ? ok({ alias, rev: moved.value.rev }) : moved;
}

/** Points `to` at what `from` points at: all of its weights, not its shadow. */
export async function promote(
  deps: PointerDeps,
  model: string,
  { from, to, force }: { readonly from: string; readonly to: string; readonly force: boolean },
  mover: Mover,
): Promise<Result<AliasMoved, RegistryFailure>> {
  const moved = await movePointer(deps, model, mover, async (deployment) => {
    const source = routeOf(deployment, from);
    if (source === undefined) return noAlias(deployment, from);
    return planSet(deps, deployment, to, { weights: source.weights }, force, "promote");
  });
  if (!moved.ok) return moved;
  const route = routeOf(moved.value, to);
  return ok({ alias: to, rev: moved.value.rev, ...(route === undefined ? {} : { route }) });
}

/** Plans that an alias points at a route; nothing, when it does. */
export async function planSet(
  { store }: PointerDeps,
  deployment: Deployment,
  alias: string,
  route: Route,
  force: boolean,
  action: "set" | "promote",
) {
  const from = routeOf(deployment, alias);
  if (sameRoute(from, route)) return ok(undefined);
  const checked = await checkRoute(store, deployment, alias, route, force);
  if (!checked.ok) return checked;
  return ok({
    deployment: { aliases: { ...deployment.aliases, [alias]: route } },
    move: { action, alias, from: from ?? null, to: route, ...(force ? { forced: true } : {}) },
  });
}

export const noAlias = (
  { model, aliases }: Deployment,
  alias: string,
): Result<never, RegistryFailure> =>
  fail({
    reason: "alias_not_found",
    detail: `model '${model}' has no alias '${alias}'; it has ${Object.keys(aliases).join(", ") || "none"}`,
  });
