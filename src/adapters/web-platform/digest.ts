import type { Digest, HashStream } from "../../core/ports/digest.ts";

/**
 * Up to here what is written is gathered and hashed at once: a `DigestStream` of its own costs a
 * small hash, such as that of a prediction's inputs, ten times as much as the hash.
 */
const GATHERED_MAX_BYTES = 4 * 1024;

/** SHA-256 by the Workers runtime's own digests: no copy of what is hashed is held, but of 4 KiB. */
export function createWorkersDigest(): Digest {
  return {
    sha256Stream() {
      const pieces: Uint8Array<ArrayBuffer>[] = [];
      let bytes = 0;
      let stream: HashStream | undefined;
      return {
        async write(chunk) {
          bytes += chunk.byteLength;
          if (stream === undefined && bytes <= GATHERED_MAX_BYTES) {
            // The caller may write other bytes into it afterwards.
            pieces.push(new Uint8Array(chunk));
            return;
          }
          if (stream === undefined) {
            stream = createStream();
            for (const piece of pieces.splice(0)) await stream.write(piece);
          }
          await stream.write(chunk);
        },
        finish: () => stream?.finish() ?? hashOf(pieces, bytes),
      };
    },
  };
}

function createStream(): HashStream {
  const stream = new crypto.DigestStream("SHA-256");
  const writer = stream.getWriter();
  return {
    write: (chunk) => writer.write(chunk),
    async finish() {
      await writer.close();
      return toHex(new Uint8Array(await stream.digest));
    },
  };
}

async function hashOf(pieces: readonly Uint8Array<ArrayBuffer>[], bytes: number): Promise<string> {
  const [only] = pieces;
  const whole = only !== undefined && pieces.length === 1 ? only : joined(pieces, bytes);
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", whole)));
}

function joined(pieces: readonly Uint8Array[], bytes: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

function toHex(bytes: Uint8Array): string {
  let hex = "";
  for (const byte of bytes) hex += HEX[byte];
  return hex;
}
