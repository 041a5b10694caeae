/** Bytes that one packed byte may come to: deflate spends two bits on 258 at least (RFC 1951). */
export const MOST_UNPACKED = 1_032;

/**
 * Bytes that may be unpacked before anybody has asked for them. The runtime unpacks all that it is
 * given, whether or not somebody reads, and a megabyte may hold a gigabyte.
 */
export const MOST_AHEAD_BYTES = 4 * 1024 * 1024;

/** What is read of a stream, a piece at a time. */
export interface PieceReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(reason?: unknown): Promise<void>;
}

/** Each read is a way through the runtime, whose own pieces are of 4 KiB. */
const PIECE_BYTES = 32 * 1024;
/** Reads after which larger pieces pay for the buffers they take: most bodies are at their end. */
const SMALL_READS = 6;

/** Reads a stream of the runtime's, a long one in larger pieces than its own. */
export function readInPieces(stream: ReadableStream<Uint8Array>): PieceReader {
  let reads = 0;
  const small = stream.getReader();
  let reader: PieceReader = small;
  return {
    read() {
      reads += 1;
      if (reads === SMALL_READS) {
        small.releaseLock();
        reader = readLargePieces(stream);
      }
      return reader.read();
    },
    cancel: (reason) => reader.cancel(reason),
  };
}

function readLargePieces(stream: ReadableStream<Uint8Array>): PieceReader {
  let reader: ReadableStreamBYOBReader;
  try {
    reader = stream.getReader({ mode: "byob" });
  } catch {
    // Node's have no such reader, and larger pieces.
    return stream.getReader();
  }
  return {
    async read() {
      const { done, value } = await reader.read(new Uint8Array(PIECE_BYTES));
      // A body that drips would else hold a whole piece for each drop.
      const isSmall = value !== undefined && value.byteLength < PIECE_BYTES / 2;
      return { done, value: isSmall ? value.slice() : value };
    },
    cancel: (reason) => reader.cancel(reason),
  };
}

/**
 * Takes as long as it takes to read what is there already: whoever has begun to read before it is
 * done by then, if anything is unpacked and unread. A timer would do as well, at a hundred times
 * the cost.
 */
export const readElsewhere = (): Promise<string> => new Response("-").text();
