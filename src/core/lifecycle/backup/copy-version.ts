import { manifestKey, modelBytesKey } from "../../model/keys.ts";
import type { ListedObject, ObjectStore, StoredObject } from "../../ports/object-store.ts";
import { readManifest } from "../read-manifest.ts";
import { BYTES_DEADLINE_MS } from "./backup-deps.ts";
import { type CopyWork, copySmall } from "./copy-small.ts";
import type { GroupPair } from "./list-groups.ts";

/**
 * Copies a version: its bytes, proved by the manifest's digest on the way, then the manifest.
 * Holds the file once. What the backup has is replaced only when it is not what the backup's own
 * manifest says: a version never changes, so one that is another in the first bucket was overwritten there.
 * @returns whether the backup now holds the version
 */
export async function copyVersion(
  work: CopyWork,
  { first, second }: GroupPair,
  model: string,
  version: string,
): Promise<boolean> {
  const [bytesKey, key] = [modelBytesKey(model, version), manifestKey(model, version)];
  const manifest = first.get(key);
  // Without a manifest there is no version: a publish is under way, or was given up.
  if (manifest === undefined) return false;
  const hasBytes = await copyBytes(work, bytesKey, first.get(bytesKey), second.get(bytesKey), {
    wanted: () => digestOf(work, model, version),
    kept: async () => {
      const read = await readManifest(work.deps.backup, model, version);
      return read.ok ? read.value.digest : undefined;
    },
  });
  return hasBytes && copySmall(work, manifest, second.get(key));
}

async function digestOf({ deps, tally }: CopyWork, model: string, version: string) {
  const read = await readManifest(deps.store, model, version);
  if (read.ok) return read.value.digest;
  // Deleted since it was listed: there is nothing to keep.
  if (read.failure.reason !== "version_not_found") {
    tally.fail(manifestKey(model, version), read.failure.reason);
  }
  return undefined;
}

/** Digests that the manifest of each bucket names. */
interface Digests {
  wanted(): Promise<string | undefined>;
  /** Of the backup; `undefined` when it has none that can be read. */
  kept(): Promise<string | undefined>;
}

async function copyBytes(
  work: CopyWork,
  key: string,
  first: ListedObject | undefined,
  second: ListedObject | undefined,
  digests: Digests,
): Promise<boolean> {
  const { deps, tally, copies } = work;
  if (first === undefined) {
    // A load repairs the first bucket from what is here.
    if (second === undefined) tally.fail(key, "bytes_missing");
    return second !== undefined;
  }
  if (await copies.isSame(first, second)) {
    tally.unchanged += 1;
    return true;
  }
  const digest = await digests.wanted();
  if (digest === undefined) return false;
  const source = await readBytes(deps.store, key, deps.maxBytes);
  if (typeof source === "string" || source.sha256 !== digest) {
    tally.fail(key, typeof source === "string" ? source : "digest_mismatch");
    return false;
  }
  if (second === undefined) return writeBytes(work, key, source, second);
  const copy = await readBytes(deps.backup, key, deps.maxBytes);
  if (typeof copy === "string") {
    // Not known to be damaged: it stays as it is.
    tally.fail(key, `backup_${copy}`);
    return false;
  }
  if (copy.sha256 !== digest) {
    if (copy.sha256 !== (await digests.kept())) return writeBytes(work, key, source, copy);
    // The only good copy, it may be.
    tally.fail(key, "differs");
    return false;
  }
  await copies.remember(key, source.etag, copy.etag);
  tally.unchanged += 1;
  return true;
}

async function writeBytes(
  { deps, tally, copies }: CopyWork,
  key: string,
  source: StoredObject,
  second: { readonly etag: string } | undefined,
): Promise<boolean> {
  const written = await deps.backup.put(key, source.bytes, {
    deadlineMs: BYTES_DEADLINE_MS,
    when: second === undefined ? "absent" : { etag: second.etag },
    contentType: "application/octet-stream",
  });
  if (!written.ok && written.failure.reason !== "precondition_lost") {
    tally.fail(key, `backup_${written.failure.reason}`);
    return false;
  }
  if (!written.ok) {
    tally.unchanged += 1;
    return true;
  }
  await copies.remember(key, source.etag, written.value.etag);
  tally.copy(source.bytes.byteLength);
  return true;
}

/** A file with its digest, or why there is none. */
export async function readBytes(
  store: ObjectStore,
  key: string,
  maxBytes: number,
  deadlineMs: number = BYTES_DEADLINE_MS,
): Promise<StoredObject | string> {
  const got = await store.get(key, { deadlineMs, maxBytes, sha256: true });
  return got.ok ? got.value : got.failure.reason;
}
