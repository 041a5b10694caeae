import { manifestKey, modelBytesKey, tombstoneKey } from "../../model/keys.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import { readManifest } from "../read-manifest.ts";
import type { RegistryFailure } from "../registry-failure.ts";
import type { BackupDeps } from "./backup-deps.ts";
import { modelOf } from "./backup-keys.ts";
import { readBytes } from "./copy-version.ts";
import { type GroupPair, pairGroups } from "./list-groups.ts";
import { versionsIn } from "./run-backup.ts";
import { Tally } from "./tally.ts";

export interface VersionProblem {
  readonly model: string;
  readonly version: string;
  readonly reason: string;
}

export interface VerifyReport {
  /** Versions whose bytes in the backup have the digest of their manifest. */
  readonly verified: number;
  readonly bytes: number;
  /** Versions in the backup that could not be proved. */
  readonly failed: readonly VersionProblem[];
  /** Versions of the first bucket that the backup lacks. */
  readonly missing: readonly { readonly model: string; readonly version: string }[];
  readonly done: boolean;
  /** Pass back to go on; missing when it is done. */
  readonly next?: string;
}

export interface VerifyOptions {
  readonly budgetMs: number;
  /** `next` of the answer before. */
  readonly from?: string | undefined;
}

/**
 * Reads every version in the backup again and checks its digest. Costs what it reads: one GET
 * and the bytes of each version. Stops between two models when its time is up.
 */
export async function verifyBackup(
  deps: BackupDeps,
  { budgetMs, from }: VerifyOptions,
): Promise<Result<VerifyReport, RegistryFailure>> {
  const tally = new Tally(deps.clock, budgetMs);
  const failed: VersionProblem[] = [];
  const missing: { readonly model: string; readonly version: string }[] = [];
  const sofar = () => ({ verified: tally.copied, bytes: tally.bytes, failed, missing });
  for await (const pair of pairGroups(deps.store, deps.backup, { from })) {
    if (!pair.ok) {
      const { detail, cause } = pair.failure;
      return fail({ reason: "store_unavailable", detail, cause });
    }
    const model = modelOf(pair.value.id);
    if (model === undefined) continue;
    // At least one model a call, or a small budget would never get on.
    if (tally.isOver && pair.value.id !== from) {
      return ok({ ...sofar(), done: false, next: pair.value.id });
    }
    for (const version of versionsIn(pair.value.second.values())) {
      const reason = await verifyVersion(deps, tally, pair.value, model, version);
      if (reason !== undefined) failed.push({ model, version, reason });
    }
    missing.push(...missingOf(pair.value, model));
  }
  return ok({ ...sofar(), done: true });
}

/** Why a version is not proved; `undefined` when it is, or when it is none. */
async function verifyVersion(
  { backup, maxBytes }: BackupDeps,
  tally: Tally,
  { second }: GroupPair,
  model: string,
  version: string,
): Promise<string | undefined> {
  if (!second.has(manifestKey(model, version))) return undefined;
  const manifest = await readManifest(backup, model, version);
  if (!manifest.ok) return manifest.failure.reason;
  const bytes = await readBytes(backup, modelBytesKey(model, version), maxBytes);
  if (typeof bytes === "string") return bytes === "absent" ? "bytes_missing" : bytes;
  if (bytes.sha256 !== manifest.value.digest) return "digest_mismatch";
  tally.copy(bytes.bytes.byteLength);
  return undefined;
}

const missingOf = ({ first, second }: GroupPair, model: string) =>
  [...versionsIn(first.values())]
    .filter(
      (version) =>
        first.has(manifestKey(model, version)) &&
        !first.has(tombstoneKey(model, version)) &&
        !second.has(manifestKey(model, version)),
    )
    .map((version) => ({ model, version }));
