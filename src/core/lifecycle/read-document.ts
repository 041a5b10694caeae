import { getTextEncoding } from "@bufbuild/protobuf/wire";
import { fail, ok, type Result } from "../model/result.ts";
import { wordIssue } from "../model/word-issue.ts";
import type { ObjectStore, StoreFailure } from "../ports/object-store.ts";

/** A small JSON document of the bucket, with the etag it was read at. */
export interface Document<T> {
  readonly value: T;
  readonly etag: string;
}

/** Of a zod schema, in its large or small form, what is needed here. */
export interface DocumentSchema<T> {
  safeParse(
    value: unknown,
    context?: { readonly error?: typeof wordIssue },
  ):
    | { readonly success: true; readonly data: T }
    | {
        readonly success: false;
        readonly error: {
          readonly issues: readonly { readonly path: PropertyKey[]; readonly message: string }[];
        };
      };
}

export interface DocumentInvalid {
  readonly reason: "invalid_document";
  readonly detail: string;
  /** The store's validator of what cannot be read, so that it may be replaced; where it was read at all. */
  readonly etag?: string;
}

/** What is larger is not read; so nothing larger may be written. */
export const MAX_DOCUMENT_BYTES = 1024 * 1024;

/** Milliseconds that reading one small document may take. */
export const DOCUMENT_DEADLINE_MS = 5_000;

/**
 * Reads and checks one JSON document. One GET; `unchanged` when `ifNoneMatch` still holds.
 * A document that cannot be read as what it should be is `invalid_document`, with the first wrong path.
 */
export async function readDocument<T>(
  store: ObjectStore,
  key: string,
  schema: DocumentSchema<T>,
  ifNoneMatch?: string,
): Promise<Result<Document<T>, StoreFailure | DocumentInvalid>> {
  const got = await store.get(key, {
    deadlineMs: DOCUMENT_DEADLINE_MS,
    maxBytes: MAX_DOCUMENT_BYTES,
    ...(ifNoneMatch === undefined ? {} : { ifNoneMatch }),
  });
  if (!got.ok) return got.failure.reason === "too_large" ? invalid(key, got.failure.detail) : got;
  const value = parseDocument(key, got.value.bytes, schema);
  const { etag } = got.value;
  return value.ok ? ok({ value: value.value, etag }) : fail({ ...value.failure, etag });
}

/** Checks the bytes of one JSON document. */
export function parseDocument<T>(
  key: string,
  bytes: Uint8Array,
  schema: DocumentSchema<T>,
): Result<T, DocumentInvalid> {
  const parsed = parse(bytes);
  if (parsed === undefined) return invalid(key, "it is not JSON in UTF-8");
  const checked = schema.safeParse(parsed.json, { error: wordIssue });
  if (checked.success) return ok(checked.data);
  const issue = checked.error.issues[0];
  return invalid(key, `${issue?.path.join(".") || "it"}: ${issue?.message ?? "wrong"}`);
}

const invalid = (key: string, what: string) =>
  fail({ reason: "invalid_document", detail: `${key}: ${what}` });

function parse(bytes: Uint8Array): { readonly json: unknown } | undefined {
  try {
    const text = getTextEncoding().decodeUtf8(bytes, true);
    // Editors of some systems begin a file with U+FEFF, which is no JSON (RFC 8259, section 8.1).
    return { json: JSON.parse(text.startsWith("\uFEFF") ? text.slice(1) : text) };
  } catch {
    return undefined;
  }
}
