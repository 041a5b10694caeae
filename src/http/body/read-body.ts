import type { MaybePromise } from "../../core/model/maybe-promise.ts";
import { fail, ok, type Result } from "../../core/model/result.ts";
import type { Bytes } from "../../core/model/tensor.ts";
import type { HashStream } from "../../core/ports/digest.ts";
import { collectBytes } from "./collect-bytes.ts";
import { type Coding, unpackBody } from "./unpack-body.ts";

/** Why a body could not be read; `status` is the one for it. */
export interface BodyFailure {
  readonly reason: "body_too_large" | "unsupported_encoding" | "bad_encoding" | "invalid_json";
  readonly status: 400 | 413 | 415;
  readonly detail: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ReadBodyOptions {
  /** Limit in bytes for the body as sent and as decompressed. */
  readonly maxBytes: number;
  /** Is fed the decompressed bytes while they arrive. */
  readonly hash?: HashStream;
}

const CODINGS: Readonly<Record<string, Coding | "identity">> = {
  "": "identity",
  identity: "identity",
  gzip: "gzip",
  "x-gzip": "gzip",
  deflate: "deflate",
};

/**
 * Reads a whole request body, decompressed. Reading stops as soon as the body is
 * over `maxBytes`, on the wire or decompressed; held at most are its pieces and
 * their joint copy. Never throws.
 */
export function readBody(
  request: Request,
  { maxBytes, hash }: ReadBodyOptions,
): MaybePromise<Result<Bytes, BodyFailure>> {
  const encoding = (request.headers.get("content-encoding") ?? "").trim().toLowerCase();
  const coding = Object.hasOwn(CODINGS, encoding) ? CODINGS[encoding] : undefined;
  if (coding === undefined) return unsupported(encoding);
  const length = declaredLength(request.headers.get("content-length"));
  if (length !== undefined && length > maxBytes) return tooLarge(maxBytes, "");
  // `request.body` is not touched on the way of almost every request: it would make a stream of it.
  if (coding === "identity" && length !== undefined && hash === undefined) {
    return readDeclared(request, length, maxBytes);
  }
  return readStream(request, coding, maxBytes, hash);
}

async function readStream(
  request: Request,
  coding: Coding | "identity",
  maxBytes: number,
  hash: HashStream | undefined,
): Promise<Result<Bytes, BodyFailure>> {
  try {
    if (request.body === null) return ok(new Uint8Array());
    if (coding !== "identity") return await readPacked(request.body, coding, maxBytes, hash);
    const read = await collectBytes(request.body.getReader(), maxBytes, hash);
    return read === "too large" ? tooLarge(maxBytes, "") : ok(read);
  } catch {
    return brokenOff();
  }
}

/** Undefined when it is not said, or not as HTTP says it: then the bytes are counted. */
export const declaredLength = (header: string | null): number | undefined =>
  header !== null && /^\d{1,15}$/.test(header) ? Number(header) : undefined;

/** The way of almost every request: one call, no counting. The runtime ends a body at its declared length. */
async function readDeclared(
  request: Request,
  length: number,
  maxBytes: number,
): Promise<Result<Bytes, BodyFailure>> {
  let bytes: Bytes;
  try {
    bytes = new Uint8Array(await request.arrayBuffer());
  } catch {
    return brokenOff();
  }
  if (bytes.byteLength === length) return ok(bytes);
  // Only a request that did not come by HTTP itself can lie.
  if (bytes.byteLength > maxBytes) return tooLarge(maxBytes, "");
  return malformed(`the body has ${bytes.byteLength} bytes, its Content-Length says ${length}`);
}

async function readPacked(
  body: ReadableStream<Uint8Array>,
  coding: Coding,
  maxBytes: number,
  hash: HashStream | undefined,
): Promise<Result<Bytes, BodyFailure>> {
  const read = await unpackBody(body, coding, maxBytes, hash);
  if (read === "too large") return tooLarge(maxBytes, " as it was sent");
  if (read === "too large unpacked") return tooLarge(maxBytes, " after decompression");
  if (read !== "damaged") return ok(read);
  return malformed(
    `the body is not valid ${coding}: it is damaged, cut short, or something follows its end`,
  );
}

const unsupported = (encoding: string): Result<never, BodyFailure> =>
  fail({
    reason: "unsupported_encoding",
    status: 415,
    detail: `Content-Encoding '${encoding.slice(0, 40)}' is not supported: send identity, gzip or deflate`,
    // RFC 9110, section 15.5.16.
    headers: { "accept-encoding": "gzip, deflate" },
  });

const tooLarge = (maxBytes: number, when: string): Result<never, BodyFailure> =>
  fail({
    reason: "body_too_large",
    status: 413,
    detail: `the body is larger than ${maxBytes} bytes${when} (MAX_BODY_BYTES)`,
  });

const brokenOff = () => malformed("the body broke off before its end");

const malformed = (detail: string): Result<never, BodyFailure> =>
  fail({ reason: "bad_encoding", status: 400, detail });
