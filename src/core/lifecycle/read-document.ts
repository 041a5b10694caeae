import { getTextEncoding } from "@bufbuild/protobuf/wire";
import type { ZodType } from "zod";
import { fail, ok, type Result } from "../model/result.ts";
import type { ObjectStore, StoreFailure } from "../ports/object-store.ts";

/** A small JSON document of the bucket, with the etag it was read at. */
export interface Document<T> {
  readonly value: T;
  readonly etag: string;
}

export interface DocumentInvalid {
  readonly reason: "invalid_document";
  readonly detail: string;
}

const MAX_DOCUMENT_BYTES = 1024 * 1024;

/** Milliseconds that reading one small document may take. */
export const DOCUMENT_DEADLINE_MS = 5_000;

/**
 * Reads and checks one JSON document. One GET; `unchanged` when `ifNoneMatch` still holds.
 * A document that cannot be read as what it should be is `invalid_document`, with the first wrong path.
 */
export async function readDocument<T>(
  store: ObjectStore,
  key: string,
  schema: ZodType<T>,
  ifNoneMatch?: string,
): Promise<Result<Document<T>, StoreFailure | DocumentInvalid>> {
  const got = await store.get(key, {
    deadlineMs: DOCUMENT_DEADLINE_MS,
    maxBytes: MAX_DOCUMENT_BYTES,
    ...(ifNoneMatch === undefined ? {} : { ifNoneMatch }),
  });
  if (!got.ok) return got.failure.reason === "too_large" ? invalid(key, got.failure.detail) : got;
  const parsed = parse(got.value.bytes);
  if (parsed === undefined) return invalid(key, "it is not JSON in UTF-8");
  const checked = schema.safeParse(parsed.json);
  if (checked.success) return ok({ value: checked.data, etag: got.value.etag });
  const issue = checked.error.issues[0];
  return invalid(key, `${issue?.path.join(".") || "it"}: ${issue?.message ?? "wrong"}`);
}

const invalid = (key: string, what: string) =>
  fail({ reason: "invalid_document", detail: `${key}: ${what}` });

function parse(bytes: Uint8Array): { readonly json: unknown } | undefined {
  try {
    return { json: JSON.parse(getTextEncoding().decodeUtf8(bytes, true)) };
  } catch {
    return undefined;
  }
}
