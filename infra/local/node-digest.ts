import { createHash } from "node:crypto";
import type { Digest } from "../../src/core/ports/digest.ts";

/** SHA-256 by Node, for tools and tests that share the Worker's adapters. */
export const createNodeDigest = (): Digest => ({
  sha256Stream() {
    const hash = createHash("sha256");
    return {
      async write(chunk) {
        hash.update(chunk);
      },
      finish: async () => hash.digest("hex"),
    };
  },
});
