import { modelBytesKey } from "../../model/keys.ts";
import type { Manifest } from "../../model/manifest.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { inParallel } from "../in-parallel.ts";
import { DOCUMENT_DEADLINE_MS } from "../read-document.ts";
import { readManifest } from "../read-manifest.ts";
import type { RegistryFailure } from "../registry-failure.ts";

/**
 * Checks that the bytes of versions are there and have their size, before anybody is sent to
 * them: one HEAD each. Other bytes of the same size are found when they are loaded.
 */
export async function checkBytes(
  store: ObjectStore,
  manifests: readonly Manifest[],
): Promise<Result<undefined, RegistryFailure>> {
  const checked = await inParallel(manifests, (manifest) => checkOne(store, manifest));
  return checked.ok ? ok(undefined) : checked;
}

async function checkOne(
  store: ObjectStore,
  { name, version, size_bytes }: Manifest,
): Promise<Result<undefined, RegistryFailure>> {
  const key = modelBytesKey(name, version);
  const head = await store.head(key, { deadlineMs: DOCUMENT_DEADLINE_MS });
  if (head.ok) {
    const { sizeBytes } = head.value;
    return sizeBytes === size_bytes
      ? ok(undefined)
      : damaged(name, version, `has ${sizeBytes} bytes in the bucket instead of ${size_bytes}`);
  }
  const { reason, detail, cause } = head.failure;
  if (reason === "absent") {
    // Somebody may be deleting it at this moment, which is no damage.
    const still = await readManifest(store, name, version);
    return still.ok ? damaged(name, version, "has no bytes in the bucket any more") : still;
  }
  return fail({ reason: "store_unavailable", detail, cause });
}

const damaged = (model: string, version: string, what: string) =>
  fail({
    reason: "version_damaged",
    detail: `version '${version}' of model '${model}' ${what}: publish the same file again, or restore it from the backup`,
  } as const);
