import { describe, expect, it } from "vitest";
import { createWorkersDigest } from "../../src/adapters/web-platform/digest.ts";
import { parsePublicKeys } from "../../src/adapters/web-platform/public-keys.ts";
import { createWebSignatureVerifier } from "../../src/adapters/web-platform/signature.ts";
import { checkSignature } from "../../src/core/lifecycle/signature/check-signature.ts";
import { encodePae } from "../../src/core/lifecycle/signature/pae.ts";
import { signModel } from "../../src/core/lifecycle/signature/sign.ts";
import {
  bundleOf,
  DSSE_EXAMPLE,
  ECDSA_KEY,
  ECDSA_SIG,
  ED25519_KEY,
  ED25519_SIG,
  SIGNED_DIGEST,
} from "../support/signatures.ts";

const digest = createWorkersDigest();
/** Bytes of a text, in a buffer of their own. */
const utf8 = (text: string) => new Uint8Array(new TextEncoder().encode(text));

const fromBase64 = (text: string) =>
  Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

function verifierOf(pem: string) {
  const keys = parsePublicKeys(pem);
  if (!keys.ok) throw new Error(keys.failure.detail);
  return createWebSignatureVerifier(keys.value);
}

const check = (pem: string, signature: unknown, modelDigest = SIGNED_DIGEST) =>
  checkSignature({ digest, verifier: verifierOf(pem) }, signature, modelDigest);

describe("signatures inside workerd", () => {
  it("the DSSE specification's example is good, and no other message by it", async () => {
    const { payloadType, payload, sig, spkiHex } = DSSE_EXAMPLE;
    const hex = spkiHex.match(/../g) ?? [];
    const spki = Uint8Array.from(hex, (pair) => Number.parseInt(pair, 16));
    const verifier = createWebSignatureVerifier([{ algorithm: "ECDSA P-256", spki }]);
    const verify = (body: string) =>
      verifier.verify(encodePae(payloadType, utf8(body)), [fromBase64(sig)]);
    expect(await verify(payload)).toBe(true);
    expect(await verify(`${payload}!`)).toBe(false);
  });

  it.each([
    ["ECDSA P-256", ECDSA_KEY, ECDSA_SIG],
    ["Ed25519", ED25519_KEY, ED25519_SIG],
  ])(
    "what openssl signed with %s is good, and only for its key and bytes",
    async (_kind, pem, sig) => {
      const other = pem === ECDSA_KEY ? ED25519_KEY : ECDSA_KEY;
      expect(await check(pem, bundleOf([sig]))).toMatchObject({ ok: true });
      expect(await check(other, bundleOf([sig]))).toMatchObject({ ok: false });
      expect(await check(pem, bundleOf([sig]), "0".repeat(64))).toMatchObject({ ok: false });
    },
  );

  it("takes garbage for no signature", async () => {
    const verifier = verifierOf(`${ECDSA_KEY}\n${ED25519_KEY}`);
    for (const length of [0, 1, 8, 64, 72, 1_000]) {
      expect(await verifier.verify(utf8("x"), [new Uint8Array(length)])).toBe(false);
    }
  });

  it("takes a key that is no point of its curve for one that signed nothing", async () => {
    const spki = Uint8Array.from(
      (DSSE_EXAMPLE.spkiHex.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16)),
    );
    spki.fill(1, 30);
    const verifier = createWebSignatureVerifier([{ algorithm: "ECDSA P-256", spki }]);
    expect(await verifier.verify(utf8("x"), [fromBase64(DSSE_EXAMPLE.sig)])).toBe(false);
  });

  it("what is signed here is good here", async () => {
    const pair = (await crypto.subtle.generateKey({ name: "Ed25519" }, true, [
      "sign",
      "verify",
    ])) as CryptoKeyPair;
    const spki = new Uint8Array(
      (await crypto.subtle.exportKey("spki", pair.publicKey)) as ArrayBuffer,
    );
    const pem = `-----BEGIN PUBLIC KEY-----\n${btoa(String.fromCharCode(...spki))}\n-----END PUBLIC KEY-----`;
    const bundle = await signModel(digest, {
      fileName: "model.onnx",
      digest: SIGNED_DIGEST,
      keyHint: "00",
      sign: async (message) =>
        new Uint8Array(await crypto.subtle.sign({ name: "Ed25519" }, pair.privateKey, message)),
    });
    expect(await check(pem, bundle)).toMatchObject({ ok: true });
    expect(await check(ED25519_KEY, bundle)).toMatchObject({ ok: false });
  });
});
