import { getTextEncoding } from "@bufbuild/protobuf/wire";
import { fail, ok, type Result } from "../../model/result.ts";
import type { Digest } from "../../ports/digest.ts";
import type { SignatureVerifier } from "../../ports/signature-verifier.ts";
import {
  firstProblem,
  invalid,
  openBundle,
  PAYLOAD_TYPE,
  type SignatureInvalid,
  statementSchema,
} from "./bundle.ts";
import { encodePae } from "./pae.ts";
import { rootDigest } from "./root-digest.ts";

export interface SignatureFailure {
  readonly reason: "signature_missing" | "signature_invalid";
  readonly detail: string;
}

export interface SignatureDeps {
  readonly verifier: SignatureVerifier;
  readonly digest: Digest;
}

/**
 * Whether a trusted key vouches for these bytes: the envelope's signature first, then, and only
 * then, what the envelope says. A version is one file, so exactly one resource is taken; its
 * name is the publisher's own and means nothing here. No I/O.
 * @param signature the bundle as JSON, from outside
 * @param modelDigest SHA-256 of the bytes, lower-case hex
 */
export async function checkSignature(
  deps: SignatureDeps,
  signature: unknown,
  modelDigest: string,
): Promise<Result<undefined, SignatureFailure>> {
  if (signature === undefined || signature === null) {
    return fail({ reason: "signature_missing", detail: "the version is not signed" });
  }
  const envelope = openBundle(signature);
  if (!envelope.ok) return envelope;
  const { payload, signatures } = envelope.value;
  const isTrusted = await deps.verifier.verify(encodePae(PAYLOAD_TYPE, payload), signatures);
  if (!isTrusted) return invalid("no trusted key made it, or the envelope was changed");
  return checkStatement(deps.digest, payload, modelDigest);
}

async function checkStatement(
  digest: Digest,
  payload: Uint8Array,
  modelDigest: string,
): Promise<Result<undefined, SignatureInvalid>> {
  const json = parse(payload);
  if (json === undefined) return invalid("its payload is not JSON in UTF-8");
  const checked = statementSchema.safeParse(json.value);
  if (!checked.success) return invalid(firstProblem("its payload", checked.error));
  const { subject, predicate } = checked.data;
  const digests = predicate.resources.map((resource) => resource.digest);
  if (subject[0]?.digest.sha256 !== (await rootDigest(digest, digests))) {
    return invalid("its subject is not the digest over its resources");
  }
  if (digests.length !== 1) {
    return invalid(`it is of ${digests.length} files: a version is one, sign the model alone`);
  }
  if (digests[0] !== modelDigest) {
    return invalid(`it is of bytes with SHA-256 ${digests[0]}, these have ${modelDigest}`);
  }
  return ok(undefined);
}

function parse(payload: Uint8Array): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(getTextEncoding().decodeUtf8(payload, true)) };
  } catch {
    return undefined;
  }
}
