import { type Deployment, type Hold, type Move, moveSchema } from "../../model/deployment.ts";
import { deploymentKey, historyKey } from "../../model/keys.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ObjectStore, StoreFailure } from "../../ports/object-store.ts";
import { routeOf } from "../../routing/resolve.ts";
import { readDeployment } from "../read-deployment.ts";
import { readDocument } from "../read-document.ts";
import type { RegistryFailure } from "../registry-failure.ts";
import { writeDocument } from "../write-document.ts";
import { countEdit, externalMove, isRecorded } from "./external-move.ts";
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
}

/** What a move makes of a deployment. Everything of `deployment` that is left out stays as it is. */
export interface PlannedMove {
  readonly deployment: Pick<Deployment, "aliases"> & { readonly deleted?: string[] };
  readonly move: Pick<Move, "action" | "alias" | "from" | "to"> &
    Partial<Pick<Move, "forced" | "version">>;
  /** What an alias holds when it is not simply the new revision: a rollback's. */
  readonly holds?: { readonly alias: string; readonly hold: Hold };
}

/**
 * Works out the next state; may be asked again after a lost race. `undefined`: it is that already.
 * `etag` is the store's validator of what was read; missing for a model without a pointer.
 */
export type PlanMove = (
  deployment: Deployment,
  etag: string | undefined,
) => Promise<Result<PlannedMove | undefined, RegistryFailure>>;

const MAX_TRIES = 60;
const MAX_DELAY_MS = 400;
const FIRST_DELAY_MS = 10;

/**
 * Moves a model's pointer by compare-and-swap, again while others are faster, and writes the
 * history. The move stands in the pointer itself, so a writer that dies after its one
 * deciding PUT leaves an entry that the next one writes down: no move is ever without one.
 * Three to four I/O calls a try.
 * @param create whether a model without a pointer gets one
 * @returns the deployment as it now is
 */
export async function movePointer(
  deps: PointerDeps,
  model: string,
  mover: Mover,
  plan: PlanMove,
  create = false,
): Promise<Result<Deployment, RegistryFailure>> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    if (tries > 0) await pause(deps, tries);
    const moved = await tryMove(deps, model, mover, plan, create);
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
  create: boolean,
): Promise<Result<Deployment, RegistryFailure> | "lost"> {
  const read = await readDeployment(deps.store, model);
  if (!read.ok && !(create && read.failure.reason === "absent")) return refuse(model, read.failure);
  const current = read.ok ? countEdit(read.value.value) : { model, rev: 0, aliases: {} };
  const planned = await plan(current, read.ok ? read.value.etag : undefined);
  if (!planned.ok) return planned;
  if (planned.value === undefined) return ok(read.ok ? read.value.value : current);
  const recorded = read.ok ? await recordLastMove(deps, current) : ok(undefined);
  if (!recorded.ok) return refuse(model, recorded.failure);
  const next = applyMove(deps, current, recorded.value?.at, mover, planned.value);
  const when = read.ok ? { etag: read.value.etag } : "absent";
  const written = await writeDocument(deps.store, deploymentKey(model), next, when);
  if (written.ok) {
    await recordLastMove(deps, next);
    return ok(next);
  }
  return written.failure.reason === "precondition_lost" ? "lost" : refuse(model, written.failure);
}

/** Writes down the move that made a revision, where nobody has. Idempotent; answers the move. */
async function recordLastMove(
  { store, clock }: PointerDeps,
  deployment: Deployment,
): Promise<Result<Move, StoreFailure>> {
  const move = isRecorded(deployment)
    ? deployment.last_move
    : externalMove(deployment, notBefore(deployment.last_move?.at, clock.now()));
  const key = historyKey(deployment.model, deployment.rev);
  const written = await writeDocument(store, key, move, "absent");
  if (written.ok) return ok(move);
  if (written.failure.reason !== "precondition_lost") return written;
  if (isRecorded(deployment)) return ok(move);
  // Who found the edit first has said when: the next move must not be before that.
  const entry = await readDocument(store, key, moveSchema);
  if (entry.ok) return ok(entry.value.value);
  return entry.failure.reason === "invalid_document" ? ok(move) : fail(entry.failure);
}

/** Now, but never before what is written already: clocks of isolates differ, and go backwards. */
const notBefore = (at: string | undefined, nowMs: number): string =>
  new Date(Math.max(nowMs, Date.parse(at ?? "") || 0)).toISOString();

function applyMove(
  { clock, newId }: PointerDeps,
  current: Deployment,
  lastAt: string | undefined,
  { actor, reason }: Mover,
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
  return { ...current, ...deployment, rev, last_move };
}

/** The holds of a deployment; of one that was edited by hand, those that its own revision set. */
export function holdsOf(deployment: Deployment): ReadonlyMap<string, Hold> {
  const { holds } = isRecorded(deployment) ? deployment.last_move : externalMove(deployment, "");
  return new Map(Object.entries(holds));
}

function pause({ clock, random }: PointerDeps, tries: number): Promise<void> {
  return clock.after(random() * Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** tries)).done;
}

function refuse(
  model: string,
  failure: { readonly reason: string; readonly detail: string; readonly cause?: unknown },
): Result<never, RegistryFailure> {
  const { reason, detail, cause } = failure;
  if (reason === "absent") {
    return fail({ reason: "model_not_found", detail: `there is no model '${model}'` });
  }
  return fail({ reason: "store_unavailable", detail, cause });
}
