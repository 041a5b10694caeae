import { getTextEncoding } from "@bufbuild/protobuf/wire";
import type { Result } from "../model/result.ts";
import type { Bytes } from "../model/tensor.ts";
import type { ObjectStore, PutOptions, StoreFailure } from "../ports/object-store.ts";
import { DOCUMENT_DEADLINE_MS } from "./read-document.ts";

/** JSON in UTF-8, as people can read it in a bucket browser. */
export const encodeDocument = (value: unknown): Bytes =>
  getTextEncoding().encodeUtf8(`${JSON.stringify(value, null, 2)}\n`);

/** Writes one small JSON document, conditionally. One PUT; answers the new etag. */
export const writeDocument = (
  store: ObjectStore,
  key: string,
  value: unknown,
  when: PutOptions["when"],
): Promise<Result<{ readonly etag: string }, StoreFailure>> =>
  store.put(key, encodeDocument(value), {
    deadlineMs: DOCUMENT_DEADLINE_MS,
    contentType: "application/json",
    ...(when === undefined ? {} : { when }),
  });
