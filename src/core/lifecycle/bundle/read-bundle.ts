import { type Bundle, bundleSchema } from "../../model/bundle.ts";
import { bundleKey } from "../../model/keys.ts";
import { fail, type Result } from "../../model/result.ts";
import type { ObjectStore, StoreFailure } from "../../ports/object-store.ts";
import { type Document, type DocumentInvalid, readDocument } from "../read-document.ts";
import type { RegistryFailure } from "../registry-failure.ts";

type ReadFailure = StoreFailure | DocumentInvalid;

/** Reads a bundle and checks that it is that one. One GET, conditional with `ifNoneMatch`. */
export async function readBundle(
  store: ObjectStore,
  name: string,
  ifNoneMatch?: string,
): Promise<Result<Document<Bundle>, ReadFailure>> {
  const key = bundleKey(name);
  const read = await readDocument(store, key, bundleSchema, ifNoneMatch);
  if (!read.ok || read.value.value.name === name) return read;
  const detail = `${key}: name: it says '${read.value.value.name}'`;
  return fail({ reason: "invalid_document", detail });
}

/** Words why there is no bundle to go by. */
export function bundleFailure(name: string, failure: ReadFailure): RegistryFailure {
  const { reason, detail } = failure;
  if (reason === "absent") return noBundle(name);
  if (reason === "invalid_document") {
    const advice = "put it anew, or delete it";
    return {
      reason: "invalid_bundle",
      detail: `the stored bundle cannot be read: ${detail}; ${advice}`,
    };
  }
  const cause = "cause" in failure ? failure.cause : undefined;
  return { reason: "store_unavailable", detail, cause };
}

export const noBundle = (name: string): RegistryFailure => ({
  reason: "bundle_not_found",
  detail: `there is no bundle '${name}'`,
});
