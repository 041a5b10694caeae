import { ok, type Result } from "../../core/model/result.ts";
import type { Bytes } from "../../core/model/tensor.ts";
import type { Digest, HashStream } from "../../core/ports/digest.ts";
import type { StoredObject, StoreFailure } from "../../core/ports/object-store.ts";
import { storeFailure } from "./failures.ts";

export interface ReadBytesOptions {
  readonly call: string;
  readonly maxBytes: number;
  /** Hash the bytes on the way with this. */
  readonly digest: Digest | undefined;
}

/**
 * Reads an object's body. With a declared length, into one buffer of that size
 * (the isolate never holds it twice); an answer of another length is `corrupt`.
 */
export async function readBytes(
  answer: Response,
  { call, maxBytes, digest }: ReadBytesOptions,
): Promise<Result<StoredObject, StoreFailure>> {
  const etag = answer.headers.get("etag");
  if (etag === null) return storeFailure("corrupt", call, "the answer has no ETag");
  const declared = declaredLength(answer);
  if (declared !== undefined && declared > maxBytes) {
    await answer.body?.cancel();
    return storeFailure("too_large", call, `it is ${declared} bytes, ${maxBytes} are allowed`);
  }
  const hash = digest?.sha256Stream();
  const bytes = await collect(answer.body, declared, maxBytes, hash);
  if (bytes === undefined) return storeFailure("too_large", call, `it is over ${maxBytes} bytes`);
  if (declared !== undefined && bytes.byteLength !== declared) {
    return storeFailure("corrupt", call, `it has ${bytes.byteLength} of ${declared} bytes`);
  }
  return ok(hash === undefined ? { bytes, etag } : { bytes, etag, sha256: await hash.finish() });
}

/** `undefined` when there is none, or it is of the compressed form. */
function declaredLength({ headers }: Response): number | undefined {
  const length = headers.get("content-length");
  if (length === null || headers.has("content-encoding")) return undefined;
  return Number(length);
}

/** `undefined` when the body goes on past `maxBytes`. */
async function collect(
  body: ReadableStream<Uint8Array> | null,
  declared: number | undefined,
  maxBytes: number,
  hash: HashStream | undefined,
): Promise<Bytes | undefined> {
  let buffer: Bytes = new Uint8Array(declared ?? 64 * 1024);
  let size = 0;
  if (body === null) return buffer.subarray(0, 0);
  for await (const chunk of body) {
    const end = size + chunk.byteLength;
    if (end > maxBytes || (declared !== undefined && end > declared)) return undefined;
    if (end > buffer.byteLength) buffer = grown(buffer, end);
    buffer.set(chunk, size);
    await hash?.write(chunk);
    size = end;
  }
  return size === buffer.byteLength ? buffer : buffer.slice(0, size);
}

function grown(buffer: Bytes, atLeast: number): Bytes {
  const larger = new Uint8Array(Math.max(atLeast, buffer.byteLength * 2));
  larger.set(buffer);
  return larger;
}
