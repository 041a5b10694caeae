import type { Deployment, DeploymentSettings, Hold, Move } from "../../model/deployment.ts";
import { deploymentKey } from "../../model/keys.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { routeOf } from "../../routing/resolve.ts";
import { readDeployment } from "../read-deployment.ts";
import type { RegistryFailure } from "../registry-failure.ts";
import { writeDocument } from "../write-document.ts";
import { pointerFailure } from "./current-deployment.ts";
import { countEdit, externalMove, isRecorded } from "./external-move.ts";
import { findRepeated, type IdempotencyKey, rememberKey } from "./idempotency.ts";
import { pinDigests } from "./pin-digests.ts";
import { notBefore, recordLastMove, settleHistory } from "./record-move.ts";
import { recoverDeployment } from "./recover-deployment.ts";
import { sameRoute } from "./same-route.ts";

export interface PointerDeps {
  readonly store: ObjectStore;
  readonly clock: Clock;
  /** 0 ≤ r < 1, for the jitter between tries. */
  readonly random: () => number;
  readonly newId: () => string;
}

/** Who moves a pointer, and why, for the history. */
export interface Mover {
  readonly actor: string;
  readonly reason?: string | undefined;
  /** Of one move: who makes several leaves it out. */
  readonly idempotency?: IdempotencyKey | undefined;
}

/** What a move makes of a deployment. Everything of `deployment` that is left out stays as it is. */
export interface PlannedMove {
  readonly deployment: Pick<Deployment, "aliases"> &
    DeploymentSettings & { readonly deleted?: string[] };
  readonly move: Pick<Move, "action" | "alias" | "from" | "to"> &
    Partial<Pick<Move, "forced" | "version">>;
  /** What an alias holds when it is not simply the new revision: a rollback's. */
  readonly holds?: { readonly alias: string; readonly hold: Hold };
}

/**
 * Works out the next state; may be asked again after a lost race. `undefined`: it is that already.
 * `etag` is the store's validator of what stands there; missing for a model without a pointer.
 */
export type PlanMove = (
  deployment: Deployment,
  etag: string | undefined,
) => Promise<Result<PlannedMove | undefined, RegistryFailure>>;

/** Which models without a pointer that can be read get one: none, those without any, or those whose pointer is damaged. */
export type MakePointer = "where-absent" | "where-unreadable" | undefined;

const MAX_TRIES = 60;
const MAX_DELAY_MS = 400;
const FIRST_DELAY_MS = 10;

/**
 * Moves a model's pointer by compare-and-swap, again while others are faster, and writes the
 * history. The move stands in the pointer itself, so a writer that dies after its one
 * deciding PUT leaves an entry that the next one writes down: no move is ever without one.
 * A move whose `Idempotency-Key` the pointer knows is not made again: what it made is answered.
 * Five I/O calls a try, two of them at once, and one for each version that no alias has named before.
 * @returns the deployment as this move made it
 */
export async function movePointer(
  deps: PointerDeps,
  model: string,
  mover: Mover,
  plan: PlanMove,
  make?: MakePointer,
): Promise<Result<Deployment, RegistryFailure>> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    if (tries > 0) await pause(deps, tries);
    const moved = await tryMove(deps, model, mover, plan, make);
    if (moved !== "lost") return moved;
  }
  return fail({
    reason: "revision_conflict",
    detail: `others moved the pointer of '${model}' ${MAX_TRIES} times meanwhile; try again`,
  });
}

async function tryMove(
  deps: PointerDeps,
  model: string,
  mover: Mover,
  plan: PlanMove,
  make: MakePointer,
): Promise<Result<Deployment, RegistryFailure> | "lost"> {
  const base = await readBase(deps.store, model, make);
  if (!base.ok) return base;
  const { standing, etag } = base.value;
  const current = standing ? countEdit(base.value.deployment) : base.value.deployment;
  const repeated = await findRepeated(deps.store, current, mover.idempotency);
  if (!repeated.ok) return repeated;
  if (repeated.value !== undefined) return ok(repeated.value);
  const planned = await plan(current, etag);
  if (!planned.ok) return planned;
  if (planned.value === undefined) return ok(base.value.deployment);
  const settled =
    standing && etag !== undefined
      ? await settleHistory(deps, current, etag)
      : ok({ deployment: current, at: current.last_move?.at });
  if (!settled.ok) return fail(pointerFailure(model, settled.failure));
  if (settled.value === "lost") return "lost";
  const { deployment: last, at } = settled.value;
  const pinned = await pinDigests(deps.store, last, planned.value.deployment);
  const next = { ...applyMove(deps, last, at, mover, planned.value), ...pinned };
  const when = etag === undefined ? "absent" : { etag };
  const written = await writeDocument(deps.store, deploymentKey(model), next, when);
  if (written.ok) {
    await recordLastMove(deps, next);
    return ok(next);
  }
  if (written.failure.reason === "precondition_lost") return "lost";
  return fail(pointerFailure(model, written.failure));
}

/** What a move goes on from. */
interface Base {
  readonly deployment: Deployment;
  /** The store's validator of what stands there now; missing where nothing does. */
  readonly etag: string | undefined;
  /** False: it was put together from the history. */
  readonly standing: boolean;
}

async function readBase(
  store: ObjectStore,
  model: string,
  make: MakePointer,
): Promise<Result<Base, RegistryFailure>> {
  const read = await readDeployment(store, model);
  if (read.ok) {
    return ok({ deployment: read.value.value, etag: read.value.etag, standing: true });
  }
  const { failure } = read;
  const isMade =
    (make === "where-absent" && failure.reason === "absent") ||
    (make === "where-unreadable" && failure.reason === "invalid_document");
  if (!isMade) return fail(pointerFailure(model, failure));
  const recovered = await recoverDeployment(store, model);
  if (!recovered.ok) return recovered;
  const etag = failure.reason === "invalid_document" ? failure.etag : undefined;
  return ok({ deployment: recovered.value, etag, standing: false });
}

function applyMove(
  { clock, newId }: PointerDeps,
  current: Deployment,
  lastAt: string | undefined,
  { actor, reason, idempotency }: Mover,
  { deployment, move, holds }: PlannedMove,
): Deployment {
  const rev = current.rev + 1;
  const before = holdsOf(current);
  const kept = Object.entries(deployment.aliases).map(([alias, route]) => {
    const given = holds?.alias === alias ? holds.hold : undefined;
    if (given !== undefined) return [alias, given] as const;
    const previous = before.get(alias);
    if (previous !== undefined && sameRoute(routeOf(current, alias), route)) {
      return [alias, previous] as const;
    }
    return [alias, { rev, ...(previous === undefined ? {} : { previous: previous.rev }) }] as const;
  });
  const last_move: Move = {
    rev,
    id: newId(),
    at: notBefore(lastAt, clock.now()),
    actor,
    ...move,
    ...(reason === undefined ? {} : { reason }),
    aliases: deployment.aliases,
    holds: Object.fromEntries(kept),
  };
  const keys = rememberKey(current, idempotency, rev);
  return { ...current, ...deployment, rev, last_move, ...keys };
}

/** The holds of a deployment; of one that was edited by hand, those that its own revision set. */
export function holdsOf(deployment: Deployment): ReadonlyMap<string, Hold> {
  const { holds } = isRecorded(deployment) ? deployment.last_move : externalMove(deployment, "");
  return new Map(Object.entries(holds));
}

function pause({ clock, random }: PointerDeps, tries: number): Promise<void> {
  return clock.after(random() * Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** tries)).done;
}
