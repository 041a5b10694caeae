import { fail, ok, type Result } from "../../core/model/result.ts";
import type { Bytes } from "../../core/model/tensor.ts";

/** Why a body could not be read; `status` is the one for it. */
export interface BodyFailure {
  readonly reason: "body_too_large" | "unsupported_encoding" | "bad_encoding";
  readonly status: 400 | 413 | 415;
  readonly detail: string;
}

export interface ReadBodyOptions {
  /** Limit in bytes for the body as sent and as decompressed. */
  readonly maxBytes: number;
}

const DECOMPRESSIONS = { gzip: "gzip", "x-gzip": "gzip", deflate: "deflate" } as const;

/**
 * Reads a whole request body, decompressed. Holds at most `maxBytes` plus one
 * chunk: a decompression bomb is dropped as soon as it is over. Never throws.
 */
export async function readBody(
  request: Request,
  { maxBytes }: ReadBodyOptions,
): Promise<Result<Bytes, BodyFailure>> {
  const encoding = (request.headers.get("content-encoding") ?? "").trim().toLowerCase();
  const length = Number(request.headers.get("content-length") ?? Number.NaN);
  if (length > maxBytes) return tooLarge(maxBytes, "");
  if (encoding === "" || encoding === "identity") return readPlain(request, length, maxBytes);
  if (!(encoding in DECOMPRESSIONS)) {
    return fail({
      reason: "unsupported_encoding",
      status: 415,
      detail: `Content-Encoding '${encoding.slice(0, 40)}' is not supported: send identity, gzip or deflate`,
    });
  }
  const format = DECOMPRESSIONS[encoding as keyof typeof DECOMPRESSIONS];
  return readCompressed(request, format, maxBytes);
}

async function readPlain(
  request: Request,
  length: number,
  maxBytes: number,
): Promise<Result<Bytes, BodyFailure>> {
  try {
    // The runtime itself ends a body at its declared length; without one, count.
    if (length >= 0) return ok(new Uint8Array(await request.arrayBuffer()));
    return await collect(request.body, maxBytes, "");
  } catch {
    return cutShort();
  }
}

async function readCompressed(
  request: Request,
  format: "gzip" | "deflate",
  maxBytes: number,
): Promise<Result<Bytes, BodyFailure>> {
  if (request.body === null) return ok(new Uint8Array());
  try {
    const unpacked = request.body.pipeThrough(new DecompressionStream(format));
    return await collect(unpacked, maxBytes, " after decompression");
  } catch {
    return fail({
      reason: "bad_encoding",
      status: 400,
      detail: `the body is not valid ${format}: it is damaged, cut short, or something follows its end`,
    });
  }
}

async function collect(
  stream: ReadableStream<Uint8Array> | null,
  maxBytes: number,
  when: string,
): Promise<Result<Bytes, BodyFailure>> {
  if (stream === null) return ok(new Uint8Array());
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return ok(concatenate(chunks, size));
    size += value.byteLength;
    if (size > maxBytes) {
      reader.cancel().catch(() => undefined);
      return tooLarge(maxBytes, when);
    }
    chunks.push(value);
  }
}

function concatenate(chunks: readonly Uint8Array[], size: number): Bytes {
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return whole;
}

const tooLarge = (maxBytes: number, when: string): Result<never, BodyFailure> =>
  fail({
    reason: "body_too_large",
    status: 413,
    detail: `the body is larger than ${maxBytes} bytes${when} (MAX_BODY_BYTES)`,
  });

const cutShort = (): Result<never, BodyFailure> =>
  fail({
    reason: "bad_encoding",
    status: 400,
    detail: "the body ended before its declared length",
  });
