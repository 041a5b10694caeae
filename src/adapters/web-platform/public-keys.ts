import { fail, ok, type Result } from "../../core/model/result.ts";
import type { Bytes } from "../../core/model/tensor.ts";

/** A key as SubjectPublicKeyInfo (RFC 5280, 4.1) in DER. */
export interface PublicKey {
  readonly algorithm: "ECDSA P-256" | "Ed25519";
  readonly spki: Bytes;
}

interface NotKeys {
  readonly reason: "not_public_keys";
  readonly detail: string;
}

const BLOCK = /-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]*)-----END PUBLIC KEY-----/g;

/** What an SPKI begins with, to the key itself (RFC 5480 with an uncompressed point; RFC 8410), and its length. */
const KINDS = [
  {
    algorithm: "ECDSA P-256",
    head: "3059301306072a8648ce3d020106082a8648ce3d03010703420004",
    sizeBytes: 91,
  },
  { algorithm: "Ed25519", head: "302a300506032b6570032100", sizeBytes: 44 },
] as const;

/**
 * Reads public keys in PEM, one after the other; `\n` may be written as two characters, as
 * dashboards do. Empty text holds none. Refuses what it does not take rather than skip it: a key
 * that is silently left out would refuse every version that it signed.
 */
export function parsePublicKeys(text: string): Result<readonly PublicKey[], NotKeys> {
  const pem = text.replaceAll("\\n", "\n").replaceAll("\\r", "");
  if (/PRIVATE KEY-----/.test(pem)) return refuse("holds a private key: give the public one");
  const blocks = [...pem.matchAll(BLOCK)];
  if (blocks.length !== (pem.match(/-----BEGIN/g) ?? []).length || isOnlyText(pem, blocks.length)) {
    return refuse("must be PEM blocks '-----BEGIN PUBLIC KEY-----', one after the other");
  }
  const keys: PublicKey[] = [];
  for (const [index, [, body = ""]] of blocks.entries()) {
    const spki = fromBase64(body);
    const kind = spki === undefined ? undefined : KINDS.find((one) => isOfKind(spki, one));
    if (spki === undefined || kind === undefined) {
      return refuse(`key ${index + 1} is neither ECDSA P-256 nor Ed25519`);
    }
    keys.push({ algorithm: kind.algorithm, spki });
  }
  return ok(keys);
}

const refuse = (detail: string): Result<never, NotKeys> =>
  fail({ reason: "not_public_keys", detail });

const isOnlyText = (pem: string, blocks: number): boolean => blocks === 0 && pem.trim() !== "";

function isOfKind(spki: Bytes, { head, sizeBytes }: (typeof KINDS)[number]): boolean {
  if (spki.byteLength !== sizeBytes) return false;
  const start = spki.subarray(0, head.length / 2);
  return Array.from(start, (byte) => byte.toString(16).padStart(2, "0")).join("") === head;
}

function fromBase64(body: string): Bytes | undefined {
  try {
    return Uint8Array.from(atob(body.replaceAll(/\s/g, "")), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}
