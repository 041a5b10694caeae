import { bundleKey } from "../../model/keys.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import type { RegistryFailure } from "../registry-failure.ts";
import { bundleFailure } from "./read-bundle.ts";

const DEADLINE_MS = 5_000;

/**
 * Deletes a bundle; its models stay. One HEAD and one DELETE. With `etag` only while it is that
 * one: as S3 deletes without a condition, a PUT within the same instant is lost all the same.
 */
export async function deleteBundle(
  store: ObjectStore,
  name: string,
  etag?: string,
): Promise<Result<undefined, RegistryFailure>> {
  const key = bundleKey(name);
  const head = await store.head(key, { deadlineMs: DEADLINE_MS });
  if (!head.ok) return fail(bundleFailure(name, head.failure));
  if (etag !== undefined && etag !== "*" && head.value.etag !== etag) {
    const detail = `the bundle '${name}' is not the one of If-Match any more: read it again`;
    return fail({ reason: "precondition_failed", detail });
  }
  const deleted = await store.delete(key, { deadlineMs: DEADLINE_MS });
  return deleted.ok ? ok(undefined) : fail(bundleFailure(name, deleted.failure));
}
