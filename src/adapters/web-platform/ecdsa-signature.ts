import type { Bytes } from "../../core/model/tensor.ts";

const SIZE_BYTES = 32;

const SEQUENCE = 0x30;
const INTEGER = 0x02;

/**
 * An ECDSA P-256 signature as WebCrypto wants it, r and s in 32 bytes each (IEEE P1363), from
 * what signers write: DER `SEQUENCE { r INTEGER, s INTEGER }` (RFC 3279, 2.2.3: openssl, cosign,
 * model_signing) or r and s already side by side (the example of the DSSE specification).
 * `undefined` for what is neither.
 */
export function toP1363(signature: Uint8Array): Bytes | undefined {
  const numbers = readDer(signature);
  if (numbers === undefined) {
    return signature.byteLength === 2 * SIZE_BYTES ? new Uint8Array(signature) : undefined;
  }
  const out = new Uint8Array(2 * SIZE_BYTES);
  for (const [index, number] of numbers.entries()) {
    const digits = withoutLeadingZeros(number);
    if (digits.byteLength > SIZE_BYTES) return undefined;
    out.set(digits, (index + 1) * SIZE_BYTES - digits.byteLength);
  }
  return out;
}

/** The bytes of r and s. Each length is one byte: they are under 128. */
function readDer(der: Uint8Array): readonly [Uint8Array, Uint8Array] | undefined {
  if (der[0] !== SEQUENCE || der[1] !== der.byteLength - 2) return undefined;
  const rBytes = der[3] ?? 0;
  const sAt = 4 + rBytes;
  const sBytes = der[sAt + 1] ?? 0;
  if (der[2] !== INTEGER || der[sAt] !== INTEGER) return undefined;
  if (rBytes === 0 || sBytes === 0 || sAt + 2 + sBytes !== der.byteLength) return undefined;
  return [der.subarray(4, sAt), der.subarray(sAt + 2)];
}

function withoutLeadingZeros(number: Uint8Array): Uint8Array {
  const first = number.findIndex((byte) => byte !== 0);
  return first < 0 ? number.subarray(number.byteLength) : number.subarray(first);
}
