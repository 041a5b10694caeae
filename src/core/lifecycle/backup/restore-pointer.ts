import { type Deployment, deploymentSchema } from "../../model/deployment.ts";
import { deploymentKey, historyPrefix } from "../../model/keys.ts";
import { ok } from "../../model/result.ts";
import type { Bytes } from "../../model/tensor.ts";
import type { PutOptions } from "../../ports/object-store.ts";
import { type Mover, movePointer } from "../pointer/move-pointer.ts";
import { sameRoutes } from "../pointer/same-route.ts";
import { readDeployment } from "../read-deployment.ts";
import { DOCUMENT_DEADLINE_MS, parseDocument } from "../read-document.ts";
import { encodeDocument } from "../write-document.ts";
import type { BackupDeps } from "./backup-deps.ts";
import { versionsNamed } from "./copy-pointer.ts";
import { readSmall } from "./copy-small.ts";
import type { GroupPair } from "./list-groups.ts";
import type { Tally } from "./tally.ts";

/**
 * - `restored`: there was none that could be read, and now there is the backup's.
 * - `moved`: it was moved to the backup's routes, as a move of its own in the history.
 * - `kept`: it was left as it is.
 * - `failed`: see `failed` of the report.
 */
export type RestoredPointer = "restored" | "moved" | "kept" | "failed";

export interface PointerToRestore {
  readonly model: string;
  readonly hasVersion: (version: string) => boolean;
  readonly overwrite: boolean;
  /** Only one version was asked for: a pointer that names others is no failure. */
  readonly isPartial: boolean;
  readonly mover: Mover;
}

/** Puts a model's pointer back, after the versions that it names. Three to six I/O calls. */
export async function restorePointer(
  deps: BackupDeps,
  tally: Tally,
  pair: GroupPair,
  request: PointerToRestore,
): Promise<RestoredPointer> {
  const { model, hasVersion, overwrite, isPartial } = request;
  const key = deploymentKey(model);
  const isThere = pair.first.has(key);
  if (isThere && !overwrite) {
    tally.unchanged += 1;
    return "kept";
  }
  const failed = (reason: string): RestoredPointer => {
    tally.fail(key, reason);
    return "failed";
  };
  const source = await readSmall(deps.backup, key);
  if (typeof source === "string") return failed(`backup_${source}`);
  const parsed = parseDocument(key, source.bytes, deploymentSchema);
  if (!parsed.ok) return failed("backup_invalid_document");
  if (!versionsNamed(parsed.value).every(hasVersion)) {
    return isPartial ? "kept" : failed("version_not_restored");
  }
  const next = nextAfter(pair, parsed.value);
  // As they are, unless the revision changes: the same state has the same etag again.
  const bytes = next === parsed.value ? source.bytes : encodeDocument(next);
  if (!isThere) return write(deps, tally, key, bytes, "absent");
  const current = await readDeployment(deps.store, model);
  if (current.ok) return move(deps, tally, parsed.value, request);
  if (current.failure.reason !== "invalid_document") return failed(current.failure.reason);
  const broken = await deps.store.head(key, { deadlineMs: DOCUMENT_DEADLINE_MS });
  if (!broken.ok) return failed(broken.failure.reason);
  return write(deps, tally, key, bytes, { etag: broken.value.etag });
}

/**
 * The backup's pointer, for a bucket without a readable one. When the history goes on past it,
 * its state becomes a revision of its own after the last: no revision means two things.
 */
function nextAfter(pair: GroupPair, deployment: Deployment): Deployment {
  const last = lastRevision(pair, deployment.model);
  return last > deployment.rev ? { ...deployment, rev: last + 1 } : deployment;
}

async function write(
  { store }: BackupDeps,
  tally: Tally,
  key: string,
  bytes: Bytes,
  when: NonNullable<PutOptions["when"]>,
): Promise<RestoredPointer> {
  const options = { deadlineMs: DOCUMENT_DEADLINE_MS, contentType: "application/json", when };
  const written = await store.put(key, bytes, options);
  if (written.ok) {
    tally.copy(bytes.byteLength);
    return "restored";
  }
  if (written.failure.reason === "precondition_lost") return "kept";
  tally.fail(key, written.failure.reason);
  return "failed";
}

function lastRevision({ first, second }: GroupPair, model: string): number {
  const prefix = historyPrefix(model);
  const revs = [...first.keys(), ...second.keys()]
    .filter((key) => key.startsWith(prefix))
    .map((key) => Number.parseInt(key.slice(prefix.length), 10))
    .filter(Number.isSafeInteger);
  return revs.reduce((most, rev) => Math.max(most, rev), 0);
}

async function move(
  deps: BackupDeps,
  tally: Tally,
  { aliases }: Deployment,
  { model, mover }: PointerToRestore,
): Promise<RestoredPointer> {
  // A restore is asked for again until it is done, and moves many pointers: no key is of one move.
  const each = { actor: mover.actor, reason: mover.reason };
  const moved = await movePointer(deps, model, each, async (current) => {
    if (sameRoutes(current.aliases, aliases)) return ok(undefined);
    return ok({
      deployment: { aliases },
      move: { action: "replace", from: null, to: null, forced: true },
    });
  });
  if (moved.ok) {
    tally.copy(0);
    return "moved";
  }
  tally.fail(deploymentKey(model), moved.failure.reason);
  return "failed";
}
