/**
 * Bytes that are given to the runtime at once. deflate packs at most 1,032 to 1 (RFC 1951: 258
 * bytes in two bits), so they come to 4 MiB.
 */
const SLICE_BYTES = 4 * 1024;

/** Each read is a way through the runtime, whose own pieces are of 4 KiB. */
const PIECE_BYTES = 32 * 1024;

/**
 * Unpacks a body while it is read, and no further than it is read. `pipeThrough` would not do: the
 * runtime unpacks all that it is sent, whether or not somebody reads, and a megabyte may hold a
 * gigabyte. Holds what a few slices come to. Breaks where the body does, or is damaged.
 */
export function unpackStream(
  body: ReadableStream<Uint8Array>,
  format: "gzip" | "deflate" | "deflate-raw",
): ReadableStream<Uint8Array> {
  const { readable, writable } = new DecompressionStream(format);
  const unpacked = readInPieces(readable);
  const feeder = createFeeder(body, writable);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        let isRead = false;
        const reading = unpacked.read().finally(() => {
          isRead = true;
        });
        for (;;) {
          await Promise.race([reading, readElsewhere()]);
          if (isRead || feeder.isAtEnd()) break;
          await Promise.race([reading, feeder.feed()]);
        }
        const { done, value } = await reading;
        if (done) controller.close();
        else controller.enqueue(value as Uint8Array);
      },
      cancel(reason) {
        feeder.cancel();
        return unpacked.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

function readInPieces(stream: ReadableStream<Uint8Array>) {
  try {
    const reader = stream.getReader({ mode: "byob" });
    return {
      read: () => reader.read(new Uint8Array(PIECE_BYTES)),
      cancel: (reason: unknown) => reader.cancel(reason),
    };
  } catch {
    // Node's have no such reader, and larger pieces.
    return stream.getReader();
  }
}

/**
 * Takes as long as it takes to read what is there already: whoever has begun to read before it is
 * done by then, if anything is unpacked and unread. Whoever fed without asking would be ahead of
 * the reader by a slice more each time. A timer would do as well, at a hundred times the cost.
 */
const readElsewhere = (): Promise<string> => new Response("-").text();

interface Feeder {
  /** Ends when one more slice was taken in, or the end. Rejects when the body breaks off or is damaged. */
  feed(): Promise<void>;
  isAtEnd(): boolean;
  cancel(): void;
}

function createFeeder(
  body: ReadableStream<Uint8Array>,
  writable: WritableStream<Uint8Array>,
): Feeder {
  const packed = body.getReader();
  const writer = writable.getWriter();
  let rest: Uint8Array = new Uint8Array();
  let isAtEnd = false;
  let feeding: Promise<void> | undefined;
  async function feedSlice(): Promise<void> {
    const chunk = rest.byteLength > 0 ? { done: false, value: rest } : await packed.read();
    if (chunk.value === undefined) {
      await writer.close();
      isAtEnd = true;
      return;
    }
    rest = chunk.value.subarray(SLICE_BYTES);
    await writer.write(chunk.value.subarray(0, SLICE_BYTES));
    feeding = undefined;
  }
  const giveUp = () => {
    packed.cancel().catch(() => undefined);
    writer.abort().catch(() => undefined);
  };
  return {
    feed() {
      feeding ??= feedSlice().catch((cause) => {
        giveUp();
        throw cause;
      });
      return feeding;
    },
    isAtEnd: () => isAtEnd,
    cancel: giveUp,
  };
}
