import { waitAtMost } from "../../core/cache/single-flight.ts";
import type { Clock } from "../../core/ports/clock.ts";

/** What is read at most of a body that nobody wants: more than a model may have. */
const MAX_BYTES = 32 * 1024 * 1024;
const MAX_MS = 10_000;
/** Who sends nothing for this long waits for the answer. */
const IDLE_MS = 250;

type Reader = Pick<ReadableStreamDefaultReader<Uint8Array>, "read" | "cancel">;

/**
 * Reads what a refused client still sends, within limits of bytes and time, and throws it away:
 * where a connection is closed amid an upload, the answer is lost with it (RFC 9112, section 9.6).
 * workerd by itself reads 64 KiB on. Holds one chunk. Never rejects.
 */
export async function readOn(reader: Reader, clock: Clock): Promise<void> {
  const startedMs = clock.now();
  let left = MAX_BYTES;
  while (left > 0 && clock.now() - startedMs < MAX_MS) {
    const reading = reader.read().catch(() => undefined);
    const chunk = (await waitAtMost(clock, reading, IDLE_MS))?.value;
    if (chunk === undefined || chunk.done) break;
    left -= chunk.value.byteLength;
  }
  reader.cancel().catch(() => undefined);
}

/** Gives a refusal once its request's body, where nobody has read it, was read on. */
export async function refuseHeard(
  request: Request,
  answer: Response,
  clock: Clock,
): Promise<Response> {
  const { body } = request;
  if (body !== null && !request.bodyUsed && !body.locked) await readOn(body.getReader(), clock);
  return answer;
}
