import { manifestKey, modelBytesKey } from "../../model/keys.ts";
import { manifestSchema } from "../../model/manifest.ts";
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
  if (attempt.manifest.ok) return;
  const { reason } = attempt.manifest.failure;
  if (reason === "version_not_found" || reason === "invalid_manifest") {
    await repairManifest(deps, name, version);
  }
}

async function repairManifest(deps: RepairDeps, model: string, version: string): Promise<void> {
  const key = manifestKey(model, version);
  const spare = await readSmall(deps.backupStore, key);
  if (typeof spare === "string" || !isManifestOf(spare.bytes, model, version)) return;
  const current = await readSmall(deps.store, key);
  if (current === "absent") return put(deps, key, spare.bytes, "absent");
  if (typeof current === "string" || isManifestOf(current.bytes, model, version)) return;
  await put(deps, key, spare.bytes, { etag: current.etag });
}

function isManifestOf(bytes: Bytes, model: string, version: string): boolean {
  const parsed = parseDocument(manifestKey(model, version), bytes, manifestSchema);
  return parsed.ok && parsed.value.name === model && parsed.value.version === version;
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
