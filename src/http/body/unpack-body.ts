import type { Bytes } from "../../core/model/tensor.ts";
import type { HashStream } from "../../core/ports/digest.ts";
import { collectBytes } from "./collect-bytes.ts";
import {
  MOST_AHEAD_BYTES,
  MOST_UNPACKED,
  type PieceReader,
  readElsewhere,
  readInPieces,
} from "./read-unpacked.ts";

/** A content coding of HTTP that is unpacked here. */
export type Coding = "gzip" | "deflate";

type Reader = ReadableStreamDefaultReader<Uint8Array>;
type Chunk = Awaited<ReturnType<Reader["read"]>>;

/**
 * Unpacks a body while it arrives, and 4 MiB past the limit at most, however much more it holds.
 * What is sent is counted as well as what comes out: endless empty blocks come to nothing
 * unpacked. An empty body stays empty. Rejects when the body breaks off before its first byte.
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
  const unpacking = watchReads(readInPieces(readable));
  const feeding = feed(reader, first, writable, { maxBytes, room: roomFor(unpacking, maxBytes) });
  try {
    const unpacked = await collectBytes(unpacking, maxBytes, hash);
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

interface WatchedReader extends PieceReader {
  /** Bytes read so far. */
  readBytes(): number;
  /** Ends when all that was unpacked by now is read: true; or nothing is read any more: false. */
  caughtUp(): Promise<boolean>;
}

function watchReads(reader: PieceReader): WatchedReader {
  let bytes = 0;
  let reads = 0;
  let isReading = false;
  let isOver = false;
  const end = () => {
    isOver = true;
  };
  return {
    async read() {
      reads += 1;
      isReading = true;
      const piece = await reader.read().catch((cause) => {
        end();
        throw cause;
      });
      isReading = false;
      if (piece.done) end();
      bytes += piece.value?.byteLength ?? 0;
      return piece;
    },
    cancel(reason) {
      end();
      return reader.cancel(reason);
    },
    readBytes: () => bytes,
    async caughtUp() {
      for (let before = -1; !isOver && (!isReading || reads !== before); ) {
        before = reads;
        await readElsewhere();
      }
      return !isOver;
    },
  };
}

/**
 * How many more packed bytes may be given to the runtime, whatever they come to; none where
 * nobody reads any more. It is known
 * anew only when the reader has caught up, which costs more than unpacking a few kilobytes: the
 * room is as large as the limit allows, so that an ordinary body needs few such halts or none.
 */
function roomFor(unpacking: WatchedReader, maxBytes: number): () => Promise<number> {
  let isFirst = true;
  return async () => {
    if (!isFirst && !(await unpacking.caughtUp())) return 0;
    isFirst = false;
    return Math.floor((maxBytes + MOST_AHEAD_BYTES - unpacking.readBytes()) / MOST_UNPACKED);
  };
}

interface FeedLimits {
  readonly maxBytes: number;
  readonly room: () => Promise<number>;
}

/** Passes the body on, counted. Never rejects: what breaks here breaks the unpacked side too. */
async function feed(
  reader: Reader,
  first: Chunk,
  writable: WritableStream<Uint8Array>,
  { maxBytes, room }: FeedLimits,
): Promise<"fed" | "too large" | "broken"> {
  const writer = writable.getWriter();
  let size = 0;
  let left = 0;
  try {
    for (let chunk = first; !chunk.done; chunk = await reader.read()) {
      size += chunk.value.byteLength;
      if (size > maxBytes) break;
      for (let rest = chunk.value; rest.byteLength > 0; ) {
        if (left < 1) left = await room();
        if (left < 1) throw new Error("nobody reads it any more");
        const slice = rest.subarray(0, left);
        await writer.write(slice);
        left -= slice.byteLength;
        rest = rest.subarray(slice.byteLength);
      }
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
