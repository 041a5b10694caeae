import { isUtf8 } from "node:buffer";
import { firstBadByte } from "../core/model/first-bad-byte.ts";
import { type CliFailure, usageFailure } from "./failure.ts";

/**
 * Passes bytes on that are UTF-8 (RFC 3629): a decoder would put U+FFFD in the place of what is
 * not, and the server would never know. Holds one piece.
 * @param given the file as the user wrote it
 * @throws CliFailure at the first piece that is not
 */
export async function* utf8Pieces(
  pieces: AsyncIterable<Uint8Array>,
  given: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  let before = 0;
  let rest: Uint8Array = new Uint8Array();
  for await (const piece of pieces) {
    const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    const end = wholeLength(bytes);
    const whole = bytes.subarray(0, end);
    if (!isUtf8(whole)) throw notUtf8(given, before + firstBadByte(whole));
    yield whole;
    rest = bytes.subarray(end);
    before += end;
  }
  if (rest.length > 0) throw notUtf8(given, before);
}

/** The text of bytes, without a byte order mark. @throws CliFailure when they are not UTF-8 */
export function decodeUtf8(bytes: Uint8Array, given: string): string {
  if (isUtf8(bytes)) return new TextDecoder().decode(bytes);
  throw notUtf8(given, firstBadByte(bytes));
}

const notUtf8 = (given: string, byte: number): CliFailure =>
  usageFailure(`${given} is not UTF-8 at byte ${byte}`, "Save it as UTF-8, and run it again.");

/** Length without a last character whose other bytes may still come. */
function wholeLength(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    const isInside = byte >= 0x80 && byte < 0xc0;
    if (!isInside) return byte >= (LEADS[back - 1] ?? 0) ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

/** From which byte on a character has more than one byte, than two, than three. */
const LEADS = [0xc0, 0xe0, 0xf0];
