import type { Digest } from "../../core/ports/digest.ts";

/** SHA-256 by the Workers runtime's own streaming digest: no copy of what is hashed is held. */
export function createWorkersDigest(): Digest {
  return {
    sha256Stream() {
      const stream = new crypto.DigestStream("SHA-256");
      const writer = stream.getWriter();
      return {
        write: (chunk) => writer.write(chunk),
        async finish() {
          await writer.close();
          return toHex(new Uint8Array(await stream.digest));
        },
      };
    },
  };
}

const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
