import type { Bytes } from "../../core/model/tensor.ts";
import type { HashStream } from "../../core/ports/digest.ts";
import type { PieceReader } from "./read-unpacked.ts";

/**
 * Reads a stream to its end into one piece; stops and cancels it once it is over
 * `maxBytes`. What arrives is given to `hash` on the way. Rejects when the stream does.
 */
export async function collectBytes(
  reader: PieceReader,
  maxBytes: number,
  hash?: HashStream,
): Promise<Bytes | "too large"> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done || value === undefined) return concatenate(chunks, size);
    size += value.byteLength;
    if (size > maxBytes) {
      reader.cancel().catch(() => undefined);
      return "too large";
    }
    chunks.push(value);
    await hash?.write(value);
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
