import type { Bytes } from "../../core/model/tensor.ts";
import type { SignatureVerifier } from "../../core/ports/signature-verifier.ts";
import { toP1363 } from "./ecdsa-signature.ts";
import type { PublicKey } from "./public-keys.ts";

const ED25519_BYTES = 64;

type Check = (message: Bytes, signature: Uint8Array) => Promise<boolean>;

/** Checks signatures by WebCrypto: ECDSA P-256 with SHA-256, and Ed25519 (RFC 8032). Keys are imported at the first use. */
export function createWebSignatureVerifier(keys: readonly PublicKey[]): SignatureVerifier {
  const checks = keys.map(checkWith);
  return {
    async verify(message, signatures) {
      for (const signature of signatures) {
        for (const check of checks) {
          if (await check(message, signature)) return true;
        }
      }
      return false;
    },
  };
}

function checkWith({ algorithm, spki }: PublicKey): Check {
  return algorithm === "Ed25519" ? checkEd25519(spki) : checkEcdsa(spki);
}

function checkEcdsa(spki: Bytes): Check {
  const keyOf = importedOnce(spki, { name: "ECDSA", namedCurve: "P-256" });
  return async (message, signature) => {
    const rAndS = toP1363(signature);
    const key = await keyOf();
    if (rAndS === undefined || key === undefined) return false;
    return crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, rAndS, message);
  };
}

function checkEd25519(spki: Bytes): Check {
  const keyOf = importedOnce(spki, { name: "Ed25519" });
  return async (message, signature) => {
    const key = await keyOf();
    if (signature.byteLength !== ED25519_BYTES || key === undefined) return false;
    return crypto.subtle.verify({ name: "Ed25519" }, key, new Uint8Array(signature), message);
  };
}

/**
 * The key once it is imported; `undefined` for one that is no point of its curve, which can have
 * signed nothing. The key is kept and not the promise: a promise of one request may not be
 * awaited by another.
 */
function importedOnce(
  spki: Bytes,
  algorithm: { readonly name: string; readonly namedCurve?: string },
) {
  const importKey = () => crypto.subtle.importKey("spki", spki, algorithm, false, ["verify"]);
  let key: Awaited<ReturnType<typeof importKey>> | undefined;
  return async () => {
    try {
      key ??= await importKey();
    } catch {
      return undefined;
    }
    return key;
  };
}
