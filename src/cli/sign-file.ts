import { createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import { type SignatureBundle, signModel } from "../core/lifecycle/signature/sign.ts";
import { usageFailure } from "./failure.ts";
import { nodeDigest, sha256Hex } from "./node-digest.ts";

/**
 * Signs a model's bytes in the OpenSSF Model Signing layout. The key does not leave this process.
 * @param pem a private key, ECDSA P-256 or Ed25519
 * @throws CliFailure when it is another one
 */
export function signFile(
  fileName: string,
  bytes: Uint8Array,
  pem: Uint8Array,
): Promise<SignatureBundle> {
  const key = readKey(pem);
  const publicPem = createPublicKey(key).export({ type: "spki", format: "pem" });
  return signModel(nodeDigest, {
    fileName,
    digest: sha256Hex(bytes),
    keyHint: sha256Hex(publicPem.toString()),
    // Ed25519 hashes by itself; ECDSA signatures of Node are DER.
    sign: (message) =>
      new Uint8Array(sign(key.asymmetricKeyType === "ed25519" ? null : "sha256", message, key)),
  });
}

const HINT = "`openssl genpkey -algorithm ed25519 -out key.pem` makes one.";

function readKey(pem: Uint8Array): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(Buffer.from(pem));
  } catch {
    throw usageFailure("the signing key is not a private key in PEM without a passphrase", HINT);
  }
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === "ed25519" || (type === "ec" && details?.namedCurve === "prime256v1")) return key;
  throw usageFailure(`the signing key is ${type}: ECDSA P-256 and Ed25519 are taken`, HINT);
}
