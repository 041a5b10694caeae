import { base64Encode, getTextEncoding } from "@bufbuild/protobuf/wire";
import type { Bytes } from "../../model/tensor.ts";
import type { Digest } from "../../ports/digest.ts";
import { BUNDLE_MEDIA_TYPE, PAYLOAD_TYPE, PREDICATE_TYPE, STATEMENT_TYPE } from "./bundle.ts";
import { encodePae } from "./pae.ts";
import { rootDigest } from "./root-digest.ts";

/** A signature as it goes into a manifest or a `.sig` file. */
export interface SignatureBundle {
  readonly mediaType: string;
  readonly verificationMaterial: { readonly publicKey: { readonly hint: string } };
  readonly dsseEnvelope: {
    readonly payload: string;
    readonly payloadType: string;
    readonly signatures: readonly { readonly sig: string; readonly keyid: string }[];
  };
}

export interface ToSign {
  /** Name of the file, without folders. */
  readonly fileName: string;
  /** SHA-256 of the file, lower-case hex. */
  readonly digest: string;
  /** SHA-256 of the public key's PEM, lower-case hex, as the reference implementation writes it. */
  readonly keyHint: string;
  /** ECDSA P-256 with SHA-256 in DER, or Ed25519. Holds the key; nothing here does. */
  readonly sign: (message: Bytes) => Promise<Uint8Array> | Uint8Array;
}

/**
 * Signs one model file in the OpenSSF Model Signing layout (1.0, sections 6.5 to 6.8). Pure but
 * for `sign`: for tools, which have the private key.
 */
export async function signModel(
  digest: Digest,
  { fileName, digest: fileDigest, keyHint, sign }: ToSign,
): Promise<SignatureBundle> {
  const statement = {
    _type: STATEMENT_TYPE,
    subject: [{ name: fileName, digest: { sha256: await rootDigest(digest, [fileDigest]) } }],
    predicateType: PREDICATE_TYPE,
    predicate: {
      resources: [{ name: fileName, digest: fileDigest, algorithm: "sha256" }],
      serialization: {
        method: "files",
        hash_type: "sha256",
        allow_symlinks: false,
        ignore_paths: [],
      },
    },
  };
  const payload = getTextEncoding().encodeUtf8(JSON.stringify(statement));
  const sig = await sign(encodePae(PAYLOAD_TYPE, payload));
  return {
    mediaType: BUNDLE_MEDIA_TYPE,
    verificationMaterial: { publicKey: { hint: keyHint } },
    dsseEnvelope: {
      payload: base64Encode(payload),
      payloadType: PAYLOAD_TYPE,
      signatures: [{ sig: base64Encode(sig), keyid: "" }],
    },
  };
}
