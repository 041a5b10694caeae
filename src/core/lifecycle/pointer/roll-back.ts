import { type Deployment, type Hold, moveSchema, type Route } from "../../model/deployment.ts";
import { historyKey } from "../../model/keys.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import { routeOf } from "../../routing/resolve.ts";
import { readDocument } from "../read-document.ts";
import type { RegistryFailure } from "../registry-failure.ts";
import { checkBytes } from "./check-bytes.ts";
import { checkVersions } from "./check-route.ts";
import { holdsOf, type Mover, movePointer, type PointerDeps } from "./move-pointer.ts";
import { sameRoute } from "./same-route.ts";
import { type AliasMoved, noAlias } from "./set-alias.ts";

/**
 * Points an alias back: at what it held before, or at one named version. Rolling back twice
 * goes two steps back, not to and fro. A step whose versions were deleted is not taken. The
 * interface is not compared: this state served before, and a rollback must not be in doubt.
 */
export async function rollBack(
  deps: PointerDeps,
  model: string,
  { alias, to }: { readonly alias: string; readonly to?: string | undefined },
  mover: Mover,
): Promise<Result<AliasMoved, RegistryFailure>> {
  const moved = await movePointer(deps, model, mover, async (deployment) => {
    const from = routeOf(deployment, alias);
    if (from === undefined) return noAlias(deployment, alias);
    const target: Result<Holder, RegistryFailure> =
      to === undefined
        ? await previousHolder(deps, deployment, alias)
        : ok({ route: { weights: { [to]: 100 } } });
    if (!target.ok) return target;
    const { route, hold } = target.value;
    if (sameRoute(from, route)) return ok(undefined);
    const present = await checkVersions(deps.store, deployment, route);
    if (!present.ok) return present;
    const whole = await checkBytes(deps.store, present.value);
    if (!whole.ok) return whole;
    return ok({
      deployment: { aliases: { ...deployment.aliases, [alias]: route } },
      move: { action: "rollback", alias, from, to: route },
      ...(hold === undefined ? {} : { holds: { alias, hold } }),
    });
  });
  if (!moved.ok) return moved;
  const route = routeOf(moved.value, alias);
  return ok({ alias, rev: moved.value.rev, ...(route === undefined ? {} : { route }) });
}

interface Holder {
  readonly route: Route;
  readonly hold?: Hold;
}

async function previousHolder(
  { store }: PointerDeps,
  deployment: Deployment,
  alias: string,
): Promise<Result<Holder, RegistryFailure>> {
  const { model } = deployment;
  const previous = holdsOf(deployment).get(alias)?.previous;
  if (previous === undefined) return nothingBefore(model, alias);
  const entry = await readDocument(store, historyKey(model, previous), moveSchema);
  if (!entry.ok) {
    const { reason, detail } = entry.failure;
    if (reason === "absent") return nothingBefore(model, alias);
    return fail({ reason: "store_unavailable", detail });
  }
  const route = routeOf(entry.value.value, alias);
  const hold = new Map(Object.entries(entry.value.value.holds)).get(alias);
  if (route === undefined || hold === undefined) return nothingBefore(model, alias);
  return ok({ route, hold });
}

const nothingBefore = (model: string, alias: string) =>
  fail({
    reason: "nothing_to_roll_back",
    detail: `alias '${alias}' of model '${model}' has had no other holder; name a version with 'to'`,
  });
