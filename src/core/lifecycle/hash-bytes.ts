import type { Digest } from "../ports/digest.ts";

/** SHA-256 of bytes that are all there, lower-case hex. */
export async function sha256Of(digest: Digest, bytes: Uint8Array): Promise<string> {
  const hash = digest.sha256Stream();
  await hash.write(bytes);
  return hash.finish();
}
