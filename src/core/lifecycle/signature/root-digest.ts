import type { Digest } from "../../ports/digest.ts";
import { sha256Of } from "../hash-bytes.ts";

/**
 * SHA-256 over the raw digests of the resources in their order, lower-case hex. Source: OpenSSF
 * Model Signing 1.0, 6.5.1 "Root Digest Algorithm".
 * @param digests lower-case hex, by resource name ascending
 */
export const rootDigest = (digest: Digest, digests: readonly string[]): Promise<string> =>
  sha256Of(digest, Uint8Array.from(digests.flatMap(fromHex)));

const fromHex = (hex: string): number[] =>
  (hex.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
