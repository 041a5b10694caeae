import { manifestKey } from "../model/keys.ts";
import { type Manifest, manifestSchema } from "../model/manifest.ts";
import { fail, ok, type Result } from "../model/result.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { readDocument } from "./read-document.ts";

/** Why there is no manifest to go by. */
export interface ManifestFailure {
  readonly reason: "version_not_found" | "invalid_manifest" | "store_unavailable";
  readonly detail: string;
  readonly cause?: unknown;
}

/** Reads a version's manifest and checks that it is that version's. One GET. */
export async function readManifest(
  store: ObjectStore,
  model: string,
  version: string,
): Promise<Result<Manifest, ManifestFailure>> {
  const read = await readDocument(store, manifestKey(model, version), manifestSchema);
  if (!read.ok) {
    const { reason, detail } = read.failure;
    if (reason === "absent") {
      return fail({
        reason: "version_not_found",
        detail: `model '${model}' has no version '${version}'`,
      });
    }
    if (reason === "invalid_document") return fail({ reason: "invalid_manifest", detail });
    const cause = "cause" in read.failure ? read.failure.cause : undefined;
    return fail({ reason: "store_unavailable", detail, cause });
  }
  const manifest = read.value.value;
  if (manifest.name !== model || manifest.version !== version) {
    return fail({
      reason: "invalid_manifest",
      detail: `the manifest of ${model} version ${version} calls itself ${manifest.name} version ${manifest.version}`,
    });
  }
  return ok(manifest);
}
