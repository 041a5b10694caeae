import { manifestKey, modelBytesKey } from "../../model/keys.ts";
import type { Manifest } from "../../model/manifest.ts";
import type { PutOptions, StoredObject } from "../../ports/object-store.ts";
import { readManifest } from "../read-manifest.ts";
import { type BackupDeps, BYTES_DEADLINE_MS } from "./backup-deps.ts";
import { readBytes } from "./copy-version.ts";
import type { GroupPair } from "./list-groups.ts";
import { putBack } from "./put-back.ts";
import type { Tally } from "./tally.ts";

export interface VersionToRestore {
  readonly model: string;
  readonly version: string;
  /** Replace bytes whose digest is not the manifest's: they are not the version. */
  readonly repair: boolean;
}

/**
 * Puts back what the first bucket lacks of a version: bytes whose digest is the manifest's,
 * then the manifest. Under a number whose bytes are others nothing is written.
 * @returns whether the first bucket now has the version
 */
export async function restoreVersion(
  deps: BackupDeps,
  tally: Tally,
  { first, second }: GroupPair,
  { model, version, repair }: VersionToRestore,
): Promise<boolean> {
  const [key, bytesKey] = [manifestKey(model, version), modelBytesKey(model, version)];
  const [hasManifest, hasBytes] = [first.has(key), first.has(bytesKey)];
  if (hasManifest && hasBytes && !repair) {
    tally.unchanged += 2;
    return true;
  }
  if (!second.has(key)) return hasManifest && hasBytes;
  // The first bucket's own manifest, where there is one, says what the version is.
  const manifest = await readManifest(hasManifest ? deps.store : deps.backup, model, version);
  if (!manifest.ok) {
    tally.fail(key, manifest.failure.reason);
    return false;
  }
  if (!(await restoreBytes(deps, tally, manifest.value, { hasBytes, repair }))) return false;
  if (!hasManifest) return putBack(deps, tally, key);
  tally.unchanged += 1;
  return true;
}

async function restoreBytes(
  deps: BackupDeps,
  tally: Tally,
  { name, version, digest }: Manifest,
  { hasBytes, repair }: { readonly hasBytes: boolean; readonly repair: boolean },
): Promise<boolean> {
  const key = modelBytesKey(name, version);
  if (!hasBytes) return putBytes(deps, tally, key, digest, "absent");
  const present = await readBytes(deps.store, key, deps.maxBytes);
  if (typeof present === "string") {
    tally.fail(key, present);
    return false;
  }
  if (present.sha256 === digest) {
    tally.unchanged += 1;
    return true;
  }
  if (repair) return putBytes(deps, tally, key, digest, { etag: present.etag });
  tally.fail(key, "differs");
  return false;
}

async function putBytes(
  deps: BackupDeps,
  tally: Tally,
  key: string,
  digest: string,
  when: NonNullable<PutOptions["when"]>,
): Promise<boolean> {
  const source = await readBytes(deps.backup, key, deps.maxBytes);
  if (typeof source === "string" || source.sha256 !== digest) {
    tally.fail(key, typeof source === "string" ? `backup_${source}` : "backup_digest_mismatch");
    return false;
  }
  return write(deps, tally, key, source, when);
}

async function write(
  { store }: BackupDeps,
  tally: Tally,
  key: string,
  { bytes }: StoredObject,
  when: NonNullable<PutOptions["when"]>,
): Promise<boolean> {
  const written = await store.put(key, bytes, {
    deadlineMs: BYTES_DEADLINE_MS,
    when,
    contentType: "application/octet-stream",
  });
  if (written.ok) {
    tally.copy(bytes.byteLength);
    return true;
  }
  // Somebody has taken the number meanwhile: a second look tells whether with these bytes.
  tally.fail(key, written.failure.reason);
  return false;
}
