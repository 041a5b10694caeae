import { backupStatusKey, manifestKey } from "../../model/keys.ts";
import type { Result } from "../../model/result.ts";
import type { ListedObject, StoreFailure } from "../../ports/object-store.ts";
import { writeDocument } from "../write-document.ts";
import type { BackupDeps } from "./backup-deps.ts";
import { kindOf, modelOf, versionOf } from "./backup-keys.ts";
import { copyPointer } from "./copy-pointer.ts";
import { type CopyWork, copySmall } from "./copy-small.ts";
import { copyVersion } from "./copy-version.ts";
import { KnownCopies } from "./known-copies.ts";
import { type GroupPair, pairGroups } from "./list-groups.ts";
import { type BackupReport, readBackupReport } from "./report.ts";
import { Tally } from "./tally.ts";

const PARALLEL_COPIES = 5;

/**
 * Copies into the second bucket what it does not have yet: of each model the versions (bytes,
 * then manifest), then notes, tombstones, digests and history, then the pointer; the audit and
 * the bundles. Nothing is ever deleted there. Goes on where the last run's time was up. An
 * unchanged registry costs two LISTs per thousand objects, and the report. Never throws for
 * what a store can answer: the report tells.
 */
export async function runBackup(
  deps: BackupDeps,
  { budgetMs }: { readonly budgetMs: number },
): Promise<BackupReport> {
  const tally = new Tally(deps.clock, budgetMs);
  const last = await readBackupReport(deps.store);
  const from = last.ok ? last.value?.cursor : undefined;
  let cursor = await walk(deps, tally, pairGroups(deps.store, deps.backup, { from }));
  if (cursor === "end" && from !== undefined) {
    cursor = await walk(deps, tally, pairGroups(deps.store, deps.backup, { before: from }));
  }
  return tell(deps, tally, cursor);
}

/** The group to go on with, `end`, or `failed` when a bucket could not be listed. */
type Walked = string | "end" | "failed";

async function walk(
  deps: BackupDeps,
  tally: Tally,
  pairs: AsyncIterable<Result<GroupPair, StoreFailure>>,
): Promise<Walked> {
  for await (const pair of pairs) {
    if (!pair.ok) {
      tally.fail("", pair.failure.reason);
      return "failed";
    }
    if (tally.isOver || !(await backUpGroup(deps, tally, pair.value))) return pair.value.id;
  }
  return "end";
}

/** @returns false when the time was up before the end of the group */
async function backUpGroup(deps: BackupDeps, tally: Tally, pair: GroupPair): Promise<boolean> {
  const copies = new KnownCopies(deps.store, pair.id);
  const isWhole = await copyGroup({ deps, tally, copies }, pair);
  await copies.save((key) => pair.first.has(key));
  return isWhole;
}

async function copyGroup(work: CopyWork, pair: GroupPair): Promise<boolean> {
  const { tally } = work;
  const model = modelOf(pair.id);
  const objects = [...pair.first.values()];
  const backedUp = model === undefined ? new Set<string>() : await copyVersions(work, pair, model);
  if (backedUp === "over") return false;
  const rest = objects.filter(({ key }) => isCopiedAlone(key));
  for (let start = 0; start < rest.length; start += PARALLEL_COPIES) {
    if (tally.isOver) return false;
    const batch = rest.slice(start, start + PARALLEL_COPIES);
    await Promise.all(batch.map((object) => copySmall(work, object, pair.second.get(object.key))));
  }
  if (model !== undefined) {
    const inBackup = (version: string) =>
      backedUp.has(version) ||
      (!pair.first.has(manifestKey(model, version)) &&
        pair.second.has(manifestKey(model, version)));
    await copyPointer(work, pair, model, inBackup);
  }
  return true;
}

/** The versions that the backup now holds. */
async function copyVersions(
  work: CopyWork,
  pair: GroupPair,
  model: string,
): Promise<ReadonlySet<string> | "over"> {
  const done = new Set<string>();
  for (const version of versionsIn(pair.first.values())) {
    if (work.tally.isOver) return "over";
    if (await copyVersion(work, pair, model, version)) done.add(version);
  }
  return done;
}

/** Every version that objects are listed of. */
export const versionsIn = (objects: Iterable<ListedObject>): ReadonlySet<string> =>
  new Set(
    Array.from(objects, ({ key }) => versionOf(key)).filter((version) => version !== undefined),
  );

/** What is neither a version's bytes or manifest, nor the pointer, nor passing. */
export const isCopiedAlone = (key: string): boolean => {
  const kind = kindOf(key);
  if (kind === "once") return !/^models\/[^/]+\/versions\/[^/]+\/manifest\.json$/.test(key);
  return kind === "changing";
};

async function tell(deps: BackupDeps, tally: Tally, walked: Walked): Promise<BackupReport> {
  const { copied, unchanged, bytes, failures, failed, durationMs } = tally;
  const report: BackupReport = {
    at: new Date(tally.startedMs).toISOString(),
    duration_ms: durationMs,
    copied,
    unchanged,
    bytes,
    failures,
    failed,
    done: walked === "end",
    ...(walked === "end" || walked === "failed" ? {} : { cursor: walked }),
  };
  await writeDocument(deps.store, backupStatusKey, report, undefined);
  deps.events.emit({ kind: "backup_ran", copied, unchanged, bytes, failures, done: report.done });
  return report;
}
