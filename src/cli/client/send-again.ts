import { setTimeout as sleep } from "node:timers/promises";
import { errorCodeOf } from "../error-code.ts";
import { type Incoming, type Outgoing, send } from "./send.ts";

/** The connection was there and broke: whether the server did it nobody knows. */
const LOST = new Set(["ECONNRESET", "EPIPE"]);
/** The server may be starting anew. */
const GONE = new Set([...LOST, "ECONNREFUSED"]);

const DELAYS_MS = [200, 1_000, 3_000];

/**
 * Sends a request, and again when its answer was lost on the way. Reading is harmless; a write
 * carries its `Idempotency-Key`, by which the server knows that it is the same one.
 * @throws what the last connection fails with
 */
export async function sendAgain(outgoing: Outgoing): Promise<Incoming> {
  let repeatable = LOST;
  for (const delayMs of DELAYS_MS) {
    try {
      return await send(outgoing);
    } catch (error) {
      if (!repeatable.has(errorCodeOf(error))) throw error;
      repeatable = GONE;
    }
    await sleep(delayMs);
  }
  return send(outgoing);
}
