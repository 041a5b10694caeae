import { type Deployment, type Move, moveSchema } from "../../model/deployment.ts";
import { deploymentKey, historyKey } from "../../model/keys.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ObjectStore, StoreFailure } from "../../ports/object-store.ts";
import { DOCUMENT_DEADLINE_MS, readDocument } from "../read-document.ts";
import { writeDocument } from "../write-document.ts";
import { externalMove, isRecorded } from "./external-move.ts";
import { newestMove } from "./recover-deployment.ts";
import { sameRoutes } from "./same-route.ts";

interface RecordDeps {
  readonly store: ObjectStore;
  readonly clock: Clock;
}

/** A deployment whose last move is in the history, and when that was. */
export interface Settled {
  readonly deployment: Deployment;
  readonly at: string | undefined;
}

/**
 * Gets the history ready for the next move: the last one is in it, and the next revision is free.
 * Where it is not, somebody has put an older pointer back: that is an edit of its own, above
 * everything that the history has, or the next moves would have no place in it. Two calls at once.
 * @param etag of the pointer that `deployment` was read from
 * @returns `lost` when the pointer is another one by now
 */
export async function settleHistory(
  deps: RecordDeps,
  deployment: Deployment,
  etag: string,
): Promise<Result<Settled | "lost", StoreFailure>> {
  const { model, rev } = deployment;
  const options = { deadlineMs: DOCUMENT_DEADLINE_MS };
  const [recorded, next] = await Promise.all([
    recordWhereMissing(deps, deployment),
    deps.store.head(historyKey(model, rev + 1), options),
  ]);
  if (!recorded.ok) return recorded;
  if (!next.ok && next.failure.reason !== "absent") return next;
  if (!next.ok && recorded.value !== "taken") return ok({ deployment, at: recorded.value.at });
  const newest = await newestMove(deps.store, model);
  if (!newest.ok) return newest;
  // A faster writer fills the history, too, but moves the pointer first.
  const pointer = await deps.store.head(deploymentKey(model), options);
  if (!pointer.ok) return pointer;
  if (pointer.value.etag !== etag) return ok("lost");
  const { rev: last, move } = newest.value;
  const isTold = move?.action === "external" && sameRoutes(move.aliases, deployment.aliases);
  if (isTold) return ok({ deployment: { ...deployment, rev: last }, at: move.at });
  const edited = { ...deployment, rev: last + 1 };
  const told = await recordLastMove(deps, edited, move?.at);
  if (!told.ok) return told;
  return ok(told.value === "taken" ? "lost" : { deployment: edited, at: told.value.at });
}

/** As `recordLastMove`, for a move that its maker has most likely written down: a look costs less than a write. */
async function recordWhereMissing(
  deps: RecordDeps,
  deployment: Deployment,
): Promise<Result<Move | "taken", StoreFailure>> {
  if (!isRecorded(deployment)) return recordLastMove(deps, deployment);
  const key = historyKey(deployment.model, deployment.rev);
  const entry = await deps.store.head(key, { deadlineMs: DOCUMENT_DEADLINE_MS });
  if (entry.ok) return ok(deployment.last_move);
  return entry.failure.reason === "absent" ? recordLastMove(deps, deployment) : entry;
}

/**
 * Writes down the move that made a revision, where nobody has. Idempotent; answers the move, or
 * `taken` when the history has another one in its place.
 * @param after no earlier than this is it told to be
 */
export async function recordLastMove(
  { store, clock }: RecordDeps,
  deployment: Deployment,
  after?: string,
): Promise<Result<Move | "taken", StoreFailure>> {
  const last = later(deployment.last_move?.at, after);
  const move = isRecorded(deployment)
    ? deployment.last_move
    : externalMove(deployment, notBefore(last, clock.now()));
  const key = historyKey(deployment.model, deployment.rev);
  const written = await writeDocument(store, key, move, "absent");
  if (written.ok) return ok(move);
  if (written.failure.reason !== "precondition_lost") return written;
  if (isRecorded(deployment)) return ok(move);
  // Who found the edit first has said when: the next move must not be before that.
  const entry = await readDocument(store, key, moveSchema);
  if (entry.ok) {
    const { action, aliases } = entry.value.value;
    const isIt = action === "external" && sameRoutes(aliases, deployment.aliases);
    return ok(isIt ? entry.value.value : "taken");
  }
  return entry.failure.reason === "invalid_document" ? ok("taken") : fail(entry.failure);
}

/** Now, but never before what is written already: clocks of isolates differ, and go backwards. */
export const notBefore = (at: string | undefined, nowMs: number): string =>
  new Date(Math.max(nowMs, Date.parse(at ?? "") || 0)).toISOString();

function later(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Date.parse(a) > Date.parse(b) ? a : b;
}
