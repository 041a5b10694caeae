import { deploymentKey, digestKey, manifestKey, tombstoneKey } from "../../model/keys.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { StoreFailure } from "../../ports/object-store.ts";
import type { Mover } from "../pointer/move-pointer.ts";
import { readDeployment } from "../read-deployment.ts";
import { readManifest } from "../read-manifest.ts";
import type { RegistryFailure } from "../registry-failure.ts";
import type { BackupDeps } from "./backup-deps.ts";
import { modelOf, versionOf } from "./backup-keys.ts";
import { type GroupPair, pairGroup, pairGroups } from "./list-groups.ts";
import { putBack } from "./put-back.ts";
import type { BackupFailure } from "./report.ts";
import { type RestoredPointer, restorePointer } from "./restore-pointer.ts";
import { restoreVersion } from "./restore-version.ts";
import { isCopiedAlone, versionsIn } from "./run-backup.ts";
import { Tally } from "./tally.ts";

export interface RestoreRequest {
  /** Left out: everything. */
  readonly model?: string | undefined;
  /** Only this version of the model. */
  readonly version?: string | undefined;
  /** Move a pointer that exists to what the backup's routes are. */
  readonly overwritePointer: boolean;
  readonly budgetMs: number;
}

export interface RestoreReport {
  /** Objects that were put into the first bucket. */
  readonly restored: number;
  /** Objects that were there already. */
  readonly unchanged: number;
  readonly bytes: number;
  readonly failures: number;
  readonly failed: readonly BackupFailure[];
  /** What became of each model's pointer. */
  readonly pointers: Readonly<Record<string, RestoredPointer>>;
  /** False when the time was up: the same call again goes on. */
  readonly done: boolean;
}

interface RestoreWork {
  readonly deps: BackupDeps;
  readonly tally: Tally;
  readonly request: RestoreRequest;
  readonly mover: Mover;
  readonly pointers: Record<string, RestoredPointer>;
}

/**
 * Puts into the first bucket what the backup has and it has not: versions (bytes, verified, then
 * manifest), notes, tombstones, digests, history, and the pointer last. No version is ever
 * overwritten, and none that was deleted comes back. Idempotent, and harmless at every
 * interruption: call again until it is done.
 */
export async function restore(
  deps: BackupDeps,
  request: RestoreRequest,
  mover: Mover,
): Promise<Result<RestoreReport, RegistryFailure>> {
  const tally = new Tally(deps.clock, request.budgetMs);
  const work: RestoreWork = { deps, tally, request, mover, pointers: {} };
  for await (const pair of pairsOf(deps, request)) {
    if (!pair.ok) return storeFailed(pair.failure);
    const checked = await checkRequest(deps, request, pair.value);
    if (!checked.ok) return checked;
    if (tally.isOver || !(await restoreGroup(work, pair.value))) return ok(report(work, false));
  }
  return ok(report(work, true));
}

async function* pairsOf(
  { store, backup }: BackupDeps,
  { model }: RestoreRequest,
): AsyncGenerator<Result<GroupPair, StoreFailure>, void> {
  if (model === undefined) yield* pairGroups(store, backup);
  else yield pairGroup(store, backup, `models/${model}/`);
}

/** Says no to what the backup does not have, or what was deleted. */
async function checkRequest(
  deps: BackupDeps,
  { model, version }: RestoreRequest,
  pair: GroupPair,
): Promise<Result<undefined, RegistryFailure>> {
  if (model === undefined) return ok(undefined);
  if (pair.second.size === 0) {
    return fail({ reason: "model_not_found", detail: `the backup has no model '${model}'` });
  }
  if (version === undefined) return ok(undefined);
  if ((await deletedVersions(deps, pair, model)).has(version)) {
    return fail({
      reason: "version_deleted",
      detail: `version '${version}' of model '${model}' was deleted; the backup keeps its bytes: publish them again, as a new version`,
    });
  }
  if (pair.second.has(manifestKey(model, version))) return ok(undefined);
  return fail({
    reason: "version_not_found",
    detail: `the backup has no version '${version}' of model '${model}'`,
  });
}

/** @returns false when the time was up before the end of the group */
async function restoreGroup(work: RestoreWork, pair: GroupPair): Promise<boolean> {
  if (pair.second.size === 0) return true;
  const model = modelOf(pair.id);
  if (model === undefined) return putBackSmall(work, pair, () => true);
  const { tally, request, deps } = work;
  const deleted = await deletedVersions(deps, pair, model);
  const wanted = (version: string) =>
    !deleted.has(version) && (request.version ?? version) === version;
  const present = new Set<string>();
  for (const version of versionsIn([...pair.first.values(), ...pair.second.values()])) {
    if (tally.isOver) return false;
    const isThere = wanted(version)
      ? await restoreVersion(deps, tally, pair, {
          model,
          version,
          repair: request.version === version,
        })
      : !deleted.has(version) && pair.first.has(manifestKey(model, version));
    if (isThere) present.add(version);
  }
  const isWanted = await smallWanted(work, model, deleted);
  if (!(await putBackSmall(work, pair, isWanted))) return false;
  if (!pair.second.has(deploymentKey(model))) return true;
  work.pointers[model] = await restorePointer(deps, tally, pair, {
    model,
    hasVersion: (version) => present.has(version),
    overwrite: request.overwritePointer,
    isPartial: request.version !== undefined,
    mover: work.mover,
  });
  return true;
}

async function putBackSmall(
  { deps, tally }: RestoreWork,
  { first, second }: GroupPair,
  isWanted: (key: string) => boolean,
): Promise<boolean> {
  for (const { key } of second.values()) {
    if (!isCopiedAlone(key) || !isWanted(key)) continue;
    if (tally.isOver) return false;
    if (first.has(key)) tally.unchanged += 1;
    else await putBack(deps, tally, key);
  }
  return true;
}

/** Of one version, what is its own; of a model, all but what deleted versions have left. */
async function smallWanted(
  { deps, request }: RestoreWork,
  model: string,
  deleted: ReadonlySet<string>,
): Promise<(key: string) => boolean> {
  const { version } = request;
  const isOfDeleted = (key: string) =>
    deleted.has(versionOf(key) ?? "") && key !== tombstoneKey(model, versionOf(key) ?? "");
  if (version === undefined) return (key) => !isOfDeleted(key);
  const manifest = await readManifest(deps.backup, model, version);
  const claim = manifest.ok ? digestKey(model, manifest.value.digest) : undefined;
  return (key) => (versionOf(key) === version || key === claim) && !isOfDeleted(key);
}

/** Versions that a tombstone or a pointer, in either bucket, says are deleted. */
async function deletedVersions(
  { store, backup }: BackupDeps,
  { first, second }: GroupPair,
  model: string,
): Promise<ReadonlySet<string>> {
  const [here, there] = await Promise.all([
    readDeployment(store, model),
    readDeployment(backup, model),
  ]);
  const buried = [...versionsIn([...first.values(), ...second.values()])].filter((version) => {
    const key = tombstoneKey(model, version);
    return first.has(key) || second.has(key);
  });
  const named = [here, there].flatMap((read) => (read.ok ? (read.value.value.deleted ?? []) : []));
  return new Set([...buried, ...named]);
}

const report = ({ tally, pointers }: RestoreWork, done: boolean): RestoreReport => ({
  restored: tally.copied,
  unchanged: tally.unchanged,
  bytes: tally.bytes,
  failures: tally.failures,
  failed: tally.failed,
  pointers,
  done,
});

const storeFailed = ({ detail, cause }: StoreFailure): Result<never, RegistryFailure> =>
  fail({ reason: "store_unavailable", detail, cause });
