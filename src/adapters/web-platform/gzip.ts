import type { Gzip } from "../../core/ports/gzip.ts";

/** The gzip port over the Compression Streams of the platform. */
export const gzip: Gzip = async (bytes) => {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
};
