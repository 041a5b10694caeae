import { generateKeyPairSync, type KeyObject, sign as signWith } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createNodeDigest } from "../../../infra/local/node-digest.ts";
import { parsePublicKeys } from "../../../src/adapters/web-platform/public-keys.ts";
import { createWebSignatureVerifier } from "../../../src/adapters/web-platform/signature.ts";
import { checkSignature } from "../../../src/core/lifecycle/signature/check-signature.ts";
import { encodePae } from "../../../src/core/lifecycle/signature/pae.ts";
import { signModel } from "../../../src/core/lifecycle/signature/sign.ts";
import { must } from "../../support/must.ts";
import {
  bundleOf,
  ECDSA_KEY,
  ECDSA_SIG,
  ED25519_KEY,
  ED25519_SIG,
  SIGNED_DIGEST,
} from "../../support/signatures.ts";

const digest = createNodeDigest();
const NOBODY = Buffer.alloc(64, 7).toString("base64");
const BOTH = `${ECDSA_KEY}\n${ED25519_KEY}\n`;

function trust(pem: string) {
  const keys = must(parsePublicKeys(pem));
  return { digest, verifier: createWebSignatureVerifier(keys) };
}

async function verdict(signature: unknown, pem = BOTH, modelDigest = SIGNED_DIGEST) {
  const checked = await checkSignature(trust(pem), signature, modelDigest);
  return checked.ok ? "good" : `${checked.failure.reason}: ${checked.failure.detail}`;
}

const pemOf = (key: KeyObject) => key.export({ type: "spki", format: "pem" }).toString();

/** A key pair of its own, for payloads that nobody signed before. */
const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });

/** An envelope whose signature is good, around any payload. */
function signedBundle(payload: string | object, key = privateKey) {
  const text = typeof payload === "string" ? payload : JSON.stringify(payload);
  const bytes = Buffer.from(text);
  const sig = signWith("sha256", encodePae("application/vnd.in-toto+json", bytes), key);
  return bundleOf([sig.toString("base64")], { payload: bytes.toString("base64") });
}

const statement = () =>
  JSON.parse(Buffer.from(bundleOf([]).dsseEnvelope.payload, "base64").toString("utf8")) as Record<
    string,
    unknown
  > & {
    subject: { name: string; digest: { sha256: string } }[];
    predicate: { resources: object[]; serialization: Record<string, unknown> };
  };

describe("a signature that openssl made", () => {
  it.each([
    ["ECDSA P-256", ECDSA_SIG, ECDSA_KEY],
    ["Ed25519", ED25519_SIG, ED25519_KEY],
  ])("with %s is good", async (_kind, sig, key) => {
    expect(await verdict(bundleOf([sig]), key)).toBe("good");
    expect(await verdict(bundleOf([sig]))).toBe("good");
  });

  it("is good when one of several is", async () => {
    expect(await verdict(bundleOf([NOBODY, "%%%", ED25519_SIG]))).toBe("good");
  });

  it("is good in the URL-safe base64, too", async () => {
    const urlSafe = (text: string) =>
      text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    const { payload } = bundleOf([]).dsseEnvelope;
    expect(urlSafe(ED25519_SIG)).not.toBe(ED25519_SIG);
    expect(await verdict(bundleOf([urlSafe(ED25519_SIG)], { payload: urlSafe(payload) }))).toBe(
      "good",
    );
  });

  it("is not good by another key, nor when nobody is trusted", async () => {
    for (const pem of [ED25519_KEY, ""]) {
      expect(await verdict(bundleOf([ECDSA_SIG]), pem)).toMatch(
        /^signature_invalid: .*no trusted key made it/,
      );
    }
  });

  it("is not good for other bytes", async () => {
    expect(await verdict(bundleOf([ECDSA_SIG]), BOTH, "0".repeat(64))).toBe(
      `signature_invalid: the signature is refused: it is of bytes with SHA-256 ${SIGNED_DIGEST}, these have ${"0".repeat(64)}`,
    );
  });

  it("is not good around a payload that was changed afterwards", async () => {
    const changed = JSON.stringify(statement()).replaceAll(SIGNED_DIGEST, "0".repeat(64));
    const payload = Buffer.from(changed).toString("base64");
    expect(await verdict(bundleOf([ECDSA_SIG, ED25519_SIG], { payload }))).toMatch(
      /no trusted key made it/,
    );
  });
});

describe("what is not a signature", () => {
  it.each([undefined, null])("is missing when it is %s", async (nothing) => {
    expect(await verdict(nothing)).toBe("signature_missing: the version is not signed");
  });

  it.each([
    ["text", "MEUCIQ", /^signature_invalid: the signature is refused: it: /],
    ["no bundle", {}, /mediaType/],
    [
      "another media type",
      { ...bundleOf([ECDSA_SIG]), mediaType: "application/json" },
      /mediaType/,
    ],
    ["another payload type", bundleOf([ECDSA_SIG], { payloadType: "text/plain" }), /payloadType/],
    ["no signatures", bundleOf([]), /signatures/],
    ["more signatures than anybody needs", bundleOf(Array(17).fill(ECDSA_SIG)), /signatures/],
    ["a payload that is not base64", bundleOf([ECDSA_SIG], { payload: "%%%" }), /not base64/],
    ["signatures that are not base64", bundleOf(["%%%", "é"]), /no .*sig is base64/],
    ["empty signatures", bundleOf([""]), /no trusted key/],
  ])("is invalid: %s", async (_what, signature, message) => {
    const said = await verdict(signature);
    expect(said).toMatch(/^signature_invalid: /);
    expect(said).toMatch(message);
  });
});

describe("a good signature of something else than these bytes", () => {
  const pem = pemOf(publicKey);
  const changed = (change: (words: ReturnType<typeof statement>) => void) => {
    const words = statement();
    change(words);
    return signedBundle(words);
  };

  it("is good where nothing was changed, so that the refusals below have one cause", async () => {
    expect(
      await verdict(
        changed(() => undefined),
        pem,
      ),
    ).toBe("good");
  });

  it.each([
    ["no JSON", signedBundle("nonsense"), /not JSON/],
    ["JSON that is no statement", signedBundle("[]"), /its payload: /],
    [
      "another statement type",
      changed((w) => void Object.assign(w, { _type: "https://in-toto.io/Statement/v0.1" })),
      /_type/,
    ],
    [
      "another predicate",
      changed((w) => void Object.assign(w, { predicateType: "https://slsa.dev/provenance/v1" })),
      /predicateType/,
    ],
    [
      "no resources",
      changed((w) => void Object.assign(w.predicate, { resources: [] })),
      /resources/,
    ],
    [
      "shards",
      changed(
        (w) => void Object.assign(w.predicate.serialization, { method: "file-shard-1048576" }),
      ),
      /serialization.method/,
    ],
    [
      "another hash",
      changed((w) => void Object.assign(w.predicate.serialization, { hash_type: "blake3" })),
      /hash_type/,
    ],
    [
      "a subject of other resources",
      changed((w) => void Object.assign(w.subject[0] ?? {}, { digest: { sha256: SIGNED_DIGEST } })),
      /subject is not the digest/,
    ],
    ["two subjects", changed((w) => void w.subject.push(...w.subject)), /subject/],
  ])("is invalid: %s", async (_what, signature, message) => {
    const said = await verdict(signature, pem);
    expect(said).toMatch(/^signature_invalid: /);
    expect(said).toMatch(message);
  });

  it("is invalid when it is of a folder of several files", async () => {
    const words = statement();
    const other = "1".repeat(64);
    words.predicate.resources.push({ name: "readme.md", digest: other, algorithm: "sha256" });
    const hash = digest.sha256Stream();
    await hash.write(Buffer.from(SIGNED_DIGEST + other, "hex"));
    words.subject = [{ name: "folder", digest: { sha256: await hash.finish() } }];
    expect(await verdict(signedBundle(words), pem)).toMatch(/it is of 2 files/);
  });
});

describe("signing with node:crypto", () => {
  it.each([
    ["ECDSA P-256", generateKeyPairSync("ec", { namedCurve: "P-256" }), "sha256"],
    ["Ed25519", generateKeyPairSync("ed25519"), null],
  ])("%s makes a bundle that is good", async (_kind, pair, hash) => {
    const bundle = await signModel(digest, {
      fileName: "model.onnx",
      digest: SIGNED_DIGEST,
      keyHint: "00",
      sign: (message) => signWith(hash, message, pair.privateKey),
    });
    const throughJson: unknown = JSON.parse(JSON.stringify(bundle));
    expect(await verdict(throughJson, pemOf(pair.publicKey))).toBe("good");
    expect(await verdict(throughJson, BOTH)).toMatch(/no trusted key/);
    expect(bundle.verificationMaterial).toEqual({ publicKey: { hint: "00" } });
  });

  it("signs the very statement that the walk-through writes", async () => {
    const { dsseEnvelope } = await signModel(digest, {
      fileName: "model.onnx",
      digest: SIGNED_DIGEST,
      keyHint: "00",
      sign: () => new Uint8Array(64),
    });
    expect(dsseEnvelope.payload).toBe(bundleOf([]).dsseEnvelope.payload);
  });
});
