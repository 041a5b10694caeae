import { fail, ok, type Result } from "../../core/model/result.ts";
import type { Bytes } from "../../core/model/tensor.ts";
import type { ObjectStore } from "../../core/ports/object-store.ts";
import type { UploadedPart, UploadFailure, UploadStore } from "../../core/ports/upload-store.ts";

/** What stands at the other end of the memory store's URLs. */
export interface MemoryUploadStore extends UploadStore {
  /** PUTs a part as a client would; the answer is its etag, or the status of a refusal. */
  sendPart(
    url: string,
    bytes: Bytes,
  ): Promise<{ readonly etag: string } | { readonly status: number }>;
}

interface Upload {
  readonly key: string;
  readonly parts: Map<number, { readonly bytes: Bytes; readonly etag: string }>;
}

const PUT_DEADLINE_MS = 10_000;

/** Uploads in parts into a store in memory, for tests of what stands on the port. */
export function createMemoryUploadStore(store: ObjectStore): MemoryUploadStore {
  const uploads = new Map<string, Upload>();
  let count = 0;
  const next = () => {
    count += 1;
    return count;
  };
  const find = (key: string, uploadId: string): Upload | undefined => {
    const upload = uploads.get(uploadId);
    return upload?.key === key ? upload : undefined;
  };
  return {
    async begin(key) {
      const uploadId = `upload.${next()}`;
      uploads.set(uploadId, { key, parts: new Map() });
      return ok(uploadId);
    },
    async presignPart({ uploadId, number }) {
      return `memory://bucket/${uploadId}?partNumber=${number}`;
    },
    async sendPart(url, bytes) {
      const { pathname, searchParams } = new URL(url);
      const upload = uploads.get(pathname.slice(1));
      if (upload === undefined) return { status: 404 };
      const etag = `"part-${next()}"`;
      upload.parts.set(Number(searchParams.get("partNumber")), { bytes: bytes.slice(), etag });
      return { etag };
    },
    async complete(key, uploadId, parts) {
      const upload = find(key, uploadId);
      if (upload === undefined) return refuse("no_such_upload", key);
      const pieces = piecesOf(upload, parts);
      if (pieces === undefined) return refuse("bad_parts", key);
      const bytes = new Uint8Array(await new Blob(pieces).arrayBuffer());
      const written = await store.put(key, bytes, { deadlineMs: PUT_DEADLINE_MS });
      if (!written.ok) return written;
      uploads.delete(uploadId);
      return ok(undefined);
    },
    async abort(key, uploadId) {
      if (find(key, uploadId) === undefined) return refuse("no_such_upload", key);
      uploads.delete(uploadId);
      return ok(undefined);
    },
  };
}

/** `undefined` when the list is empty or names what did not come. */
function piecesOf(upload: Upload, parts: readonly UploadedPart[]): Bytes[] | undefined {
  const pieces: Bytes[] = [];
  for (const { number, etag } of [...parts].sort((a, b) => a.number - b.number)) {
    const part = upload.parts.get(number);
    if (part === undefined || part.etag !== etag) return undefined;
    pieces.push(part.bytes);
  }
  return pieces.length === 0 ? undefined : pieces;
}

const refuse = (reason: UploadFailure["reason"], key: string): Result<never, UploadFailure> =>
  fail({ reason, detail: `${key}: ${reason}` });
