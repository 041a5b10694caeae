import { manifestKey, modelBytesKey } from "../../model/keys.ts";
import { type Manifest, manifestSchema } from "../../model/manifest.ts";
import type { Bytes } from "../../model/tensor.ts";
import type { Events } from "../../ports/events.ts";
import type { ObjectStore, PutOptions } from "../../ports/object-store.ts";
import type { FetchAttempt, FetchedVersion } from "../fetch-version.ts";
import { parseDocument } from "../read-document.ts";
import { BYTES_DEADLINE_MS } from "./backup-deps.ts";
import { readSmall } from "./copy-small.ts";

export interface RepairDeps {
  readonly store: ObjectStore;
  readonly backupStore: ObjectStore;
  readonly events: Events;
}

/**
 * Puts back into the first bucket what an attempt found missing or damaged: bytes, then
 * manifest, each only in the place of the very object that was bad. Never throws; what does
 * not work now is tried at the next load.
 */
export async function repairVersion(
  deps: RepairDeps,
  attempt: FetchAttempt,
  { manifest, bytes }: FetchedVersion,
): Promise<void> {
  const { name, version, digest } = manifest;
  const key = modelBytesKey(name, version);
  if (!attempt.bytes.ok) {
    if (attempt.bytes.failure.reason === "bytes_missing") {
      await put(deps, key, bytes.bytes, "absent");
    }
  } else if (attempt.bytes.value.sha256 !== digest) {
    await put(deps, key, bytes.bytes, { etag: attempt.bytes.value.etag });
  }
  if (isBad(attempt.manifest, digest)) await repairManifest(deps, manifest);
}

const isBad = (manifest: FetchAttempt["manifest"], digest: string): boolean =>
  manifest.ok
    ? manifest.value.digest !== digest
    : ["version_not_found", "invalid_manifest"].includes(manifest.failure.reason);

async function repairManifest(deps: RepairDeps, right: Manifest): Promise<void> {
  const key = manifestKey(right.name, right.version);
  const spare = await readSmall(deps.backupStore, key);
  if (typeof spare === "string" || !isManifestOf(spare.bytes, right)) return;
  const current = await readSmall(deps.store, key);
  if (current === "absent") return put(deps, key, spare.bytes, "absent");
  if (typeof current === "string" || isManifestOf(current.bytes, right)) return;
  await put(deps, key, spare.bytes, { etag: current.etag });
}

function isManifestOf(bytes: Bytes, { name, version, digest }: Manifest): boolean {
  const parsed = parseDocument(manifestKey(name, version), bytes, manifestSchema);
  if (!parsed.ok) return false;
  const { value: read } = parsed;
  return read.name === name && read.version === version && read.digest === digest;
}

async function put(
  { store, events }: RepairDeps,
  key: string,
  bytes: Bytes,
  when: NonNullable<PutOptions["when"]>,
): Promise<void> {
  const contentType = key.endsWith(".json") ? "application/json" : "application/octet-stream";
  const written = await store.put(key, bytes, { deadlineMs: BYTES_DEADLINE_MS, when, contentType });
  if (!written.ok) return;
  events.emit({ kind: "object_repaired", key, why: when === "absent" ? "missing" : "damaged" });
}
