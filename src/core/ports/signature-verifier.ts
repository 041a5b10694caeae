import type { Bytes } from "../model/tensor.ts";

/** Checks signatures against the public keys that configuration trusts. */
export interface SignatureVerifier {
  /**
   * Whether one of `signatures` of `message` was made with one of the trusted keys. What is no
   * signature at all counts as none; never throws for what a publisher may send.
   */
  verify(message: Bytes, signatures: readonly Uint8Array[]): Promise<boolean>;
}
