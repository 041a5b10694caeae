import { modelBytesKey, tombstoneKey } from "../../model/keys.ts";
import type { Manifest } from "../../model/manifest.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { ObjectStore, StoreFailure } from "../../ports/object-store.ts";
import { DOCUMENT_DEADLINE_MS } from "../read-document.ts";
import { readManifest } from "../read-manifest.ts";
import type { RegistryFailure } from "../registry-failure.ts";
import { readClaim } from "./claim-version.ts";

/** A version that is whole. */
export interface FoundVersion {
  readonly manifest: Manifest;
  /** The store's validator of the bytes. */
  readonly etag: string;
}

/**
 * The version that these bytes are already: claimed, with manifest and bytes, and not buried.
 * `undefined` for anything less. One call for new bytes, four for known ones, three of them at once.
 */
export async function findPublished(
  store: ObjectStore,
  model: string,
  digest: string,
  sizeBytes: number,
): Promise<Result<FoundVersion | undefined, RegistryFailure>> {
  const claim = await readClaim(store, model, digest);
  if (!claim.ok) return unavailable(claim.failure);
  if (claim.value === undefined) return ok(undefined);
  const { version } = claim.value;
  const options = { deadlineMs: DOCUMENT_DEADLINE_MS };
  const [manifest, bytes, tombstone] = await Promise.all([
    readManifest(store, model, version),
    store.head(modelBytesKey(model, version), options),
    store.head(tombstoneKey(model, version), options),
  ]);
  if (!manifest.ok) {
    return manifest.failure.reason === "store_unavailable" ? manifest : ok(undefined);
  }
  for (const head of [bytes, tombstone]) {
    if (!head.ok && head.failure.reason !== "absent") return unavailable(head.failure);
  }
  if (tombstone.ok || !bytes.ok || bytes.value.sizeBytes !== sizeBytes) return ok(undefined);
  if (manifest.value.digest !== digest) return ok(undefined);
  return ok({ manifest: manifest.value, etag: bytes.value.etag });
}

const unavailable = ({ detail, cause }: StoreFailure): Result<never, RegistryFailure> =>
  fail({ reason: "store_unavailable", detail, cause });
