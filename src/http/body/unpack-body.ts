import type { Bytes } from "../../core/model/tensor.ts";
import type { HashStream } from "../../core/ports/digest.ts";
import { collectBytes } from "./collect-bytes.ts";

/** A content coding of HTTP that is unpacked here. */
export type Coding = "gzip" | "deflate";

type Reader = ReadableStreamDefaultReader<Uint8Array>;
type Chunk = Awaited<ReturnType<Reader["read"]>>;

/**
 * Unpacks a body while it arrives. What is sent is counted as well as what comes
 * out: endless empty blocks come to nothing unpacked. An empty body stays empty.
 * Rejects when the body breaks off before its first byte.
 */
export async function unpackBody(
  body: ReadableStream<Uint8Array>,
  coding: Coding,
  maxBytes: number,
  hash?: HashStream,
): Promise<Bytes | "damaged" | "too large" | "too large unpacked"> {
  const reader = body.getReader();
  let first = await reader.read();
  // The first byte tells the format.
  while (!first.done && first.value.byteLength === 0) first = await reader.read();
  if (first.done) return new Uint8Array();
  const { readable, writable } = new DecompressionStream(formatOf(coding, first.value));
  const feeding = feed(reader, first, writable, maxBytes);
  try {
    const unpacked = await collectBytes(readable, maxBytes, hash);
    if (unpacked !== "too large") return unpacked;
    reader.cancel().catch(() => undefined);
    return "too large unpacked";
  } catch {
    return (await feeding) === "too large" ? "too large" : "damaged";
  }
}

/**
 * `deflate` is zlib's format (RFC 9110, section 8.4.1.2), yet some clients send bare
 * deflate. The first byte of zlib ends in 8 (RFC 1950, section 2.2); that of bare
 * deflate never does, as encoders leave the padding of a stored block zero.
 */
function formatOf(coding: Coding, first: Uint8Array): "gzip" | "deflate" | "deflate-raw" {
  if (coding === "gzip") return "gzip";
  return ((first[0] ?? 8) & 0x0f) === 8 ? "deflate" : "deflate-raw";
}

/** Passes the body on, counted. Never rejects: what breaks here breaks the unpacked side too. */
async function feed(
  reader: Reader,
  first: Chunk,
  writable: WritableStream<Uint8Array>,
  maxBytes: number,
): Promise<"fed" | "too large" | "broken"> {
  const writer = writable.getWriter();
  let size = 0;
  try {
    for (let chunk = first; !chunk.done; chunk = await reader.read()) {
      size += chunk.value.byteLength;
      if (size > maxBytes) break;
      await writer.write(chunk.value);
    }
    if (size <= maxBytes) {
      await writer.close();
      return "fed";
    }
  } catch {
    // Told below: the end is the same for a body that broke off and for a damaged one.
  }
  reader.cancel().catch(() => undefined);
  writer.abort().catch(() => undefined);
  return size > maxBytes ? "too large" : "broken";
}
