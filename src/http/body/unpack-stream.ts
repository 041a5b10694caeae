import { MOST_AHEAD_BYTES, MOST_UNPACKED, readElsewhere, readInPieces } from "./read-unpacked.ts";

/** Bytes that are given to the runtime at once. */
const SLICE_BYTES = Math.floor(MOST_AHEAD_BYTES / MOST_UNPACKED);

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
          // Whoever fed without asking would be ahead of the reader by a slice more each time.
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
