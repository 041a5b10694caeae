import { createHash } from "node:crypto";
import type { Digest } from "../core/ports/digest.ts";

/** SHA-256 by Node. */
export const nodeDigest: Digest = {
  sha256Stream() {
    const hash = createHash("sha256");
    return {
      write: async (chunk) => void hash.update(chunk),
      finish: async () => hash.digest("hex"),
    };
  },
};

/** Lower-case hex. */
export const sha256Hex = (bytes: Uint8Array | string): string =>
  createHash("sha256").update(bytes).digest("hex");
