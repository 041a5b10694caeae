import { fail, ok, type Result } from "../../core/model/result.ts";
import type { UploadedPart, UploadFailure, UploadStore } from "../../core/ports/upload-store.ts";
import { createS3Client, ignoreBody, type Reader, type S3Deps } from "./client.ts";
import type { S3Config } from "./config.ts";
import { codeIn, type S3Failure, storeFailure } from "./failures.ts";

/**
 * Multipart uploads over any S3-compatible endpoint. Source: Amazon S3 API reference,
 * CreateMultipartUpload, UploadPart, CompleteMultipartUpload, AbortMultipartUpload.
 */
export function createS3UploadStore(config: S3Config, deps: S3Deps): UploadStore {
  const client = createS3Client(config, deps);
  return {
    async begin(key, { deadlineMs }) {
      const query = { uploads: "" };
      const headers = { "content-type": "application/octet-stream" };
      const call = { method: "POST", key, query, headers, deadlineMs } as const;
      return worded(await client.send(call, readUploadId(key)));
    },
    presignPart: ({ key, uploadId, number, expiresInS }) =>
      client.presign(
        { method: "PUT", key, query: { partNumber: String(number), uploadId } },
        expiresInS,
      ),
    async complete(key, uploadId, parts, { deadlineMs }) {
      const headers = { "content-type": "application/xml" };
      const body = new Uint8Array(new TextEncoder().encode(listOf(parts)));
      const call = { method: "POST", key, query: { uploadId }, headers, body, deadlineMs } as const;
      return worded(await client.send(call, readCompletion(key)));
    },
    async abort(key, uploadId, { deadlineMs }) {
      const call = { method: "DELETE", key, query: { uploadId }, deadlineMs } as const;
      return worded(await client.send(call, ignoreBody));
    },
  };
}

const readUploadId =
  (key: string): Reader<string> =>
  async (answer) => {
    const id = /<UploadId>([^<&]+)<\/UploadId>/.exec(await answer.text())?.[1];
    return id === undefined
      ? storeFailure("corrupt", `POST ${key}`, "the answer names no upload")
      : ok(id);
  };

/** The store answers 200 before it has put the parts together: the body tells how that went. */
const readCompletion =
  (key: string): Reader<undefined> =>
  async (answer) => {
    const xml = await answer.text();
    if (/<CompleteMultipartUploadResult[\s>]/.test(xml)) return ok(undefined);
    const code = codeIn(xml);
    const what = `the store answered 200 ${code ?? "without a result"}`;
    const failed = storeFailure("unreachable", `POST ${key}`, what);
    return failed.ok ? failed : fail({ ...failed.failure, code });
  };

const BAD_PARTS = new Set(["InvalidPart", "InvalidPartOrder", "EntityTooSmall", "MalformedXML"]);

function worded<T>(outcome: Result<T, S3Failure>): Result<T, UploadFailure> {
  if (outcome.ok) return outcome;
  const { code, reason, detail, cause } = outcome.failure;
  if (code === "NoSuchUpload") return fail({ reason: "no_such_upload", detail, cause });
  if (code !== undefined && BAD_PARTS.has(code))
    return fail({ reason: "bad_parts", detail, cause });
  return fail({ reason, detail, cause });
}

const listOf = (parts: readonly UploadedPart[]): string => {
  const items = [...parts]
    .sort((a, b) => a.number - b.number)
    .map(
      ({ number, etag }) =>
        `<Part><PartNumber>${number}</PartNumber><ETag>${escapeXml(etag)}</ETag></Part>`,
    );
  return `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${items.join("")}</CompleteMultipartUpload>`;
};

const escapeXml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
