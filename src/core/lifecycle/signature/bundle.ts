import { base64Decode } from "@bufbuild/protobuf/wire";
import * as z from "zod/mini";
import { fail, ok, type Result } from "../../model/result.ts";

/**
 * The layout of OpenSSF Model Signing 1.0 (https://github.com/ossf/model-signing-spec,
 * spec/v1.0.md, sections 4 to 6; reference implementation: sigstore/model-transparency,
 * src/model_signing/_signing/signing.py): a Sigstore bundle around a DSSE envelope around an
 * in-toto Statement. Fields that the specification leaves open are let through.
 */
export const BUNDLE_MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json";
export const PAYLOAD_TYPE = "application/vnd.in-toto+json";
export const STATEMENT_TYPE = "https://in-toto.io/Statement/v1";
export const PREDICATE_TYPE = "https://model_signing/signature/v1.0";

const MAX_SIGNATURES = 16;

const bundleSchema = z.looseObject({
  mediaType: z.literal(BUNDLE_MEDIA_TYPE),
  dsseEnvelope: z.looseObject({
    payloadType: z.literal(PAYLOAD_TYPE),
    payload: z.string(),
    signatures: z
      .array(z.looseObject({ sig: z.string() }))
      .check(z.minLength(1), z.maxLength(MAX_SIGNATURES)),
  }),
});

const hexDigest = z
  .string()
  .check(z.regex(/^[0-9a-f]{64}$/, "not a lower-case hexadecimal SHA-256"));

/** The signed words: which files there are, and one digest over theirs. */
export const statementSchema = z.looseObject({
  _type: z.literal(STATEMENT_TYPE),
  subject: z
    .array(z.looseObject({ name: z.string(), digest: z.looseObject({ sha256: hexDigest }) }))
    .check(z.length(1)),
  predicateType: z.literal(PREDICATE_TYPE),
  predicate: z.looseObject({
    serialization: z.looseObject({ method: z.literal("files"), hash_type: z.literal("sha256") }),
    resources: z
      .array(
        z.looseObject({
          name: z.string().check(z.minLength(1)),
          algorithm: z.literal("sha256"),
          digest: hexDigest,
        }),
      )
      .check(z.minLength(1)),
  }),
});

/** What is in an envelope, decoded and not yet believed. */
export interface Envelope {
  readonly payload: Uint8Array;
  readonly signatures: readonly Uint8Array[];
}

export interface SignatureInvalid {
  readonly reason: "signature_invalid";
  readonly detail: string;
}

/** Takes a bundle apart. Base64 may be the standard's or the URL-safe one, as DSSE demands. */
export function openBundle(signature: unknown): Result<Envelope, SignatureInvalid> {
  const bundle = bundleSchema.safeParse(signature);
  if (!bundle.success) return invalid(firstProblem("it", bundle.error));
  const { payload, signatures } = bundle.data.dsseEnvelope;
  const decoded = decode(payload);
  if (decoded === undefined) return invalid("dsseEnvelope.payload is not base64");
  const sigs = signatures.map(({ sig }) => decode(sig)).filter((sig) => sig !== undefined);
  if (sigs.length === 0) return invalid("no dsseEnvelope.signatures[].sig is base64");
  return ok({ payload: decoded, signatures: sigs });
}

export const invalid = (detail: string): Result<never, SignatureInvalid> =>
  fail({ reason: "signature_invalid", detail: `the signature is refused: ${detail}` });

/** The first thing that a schema did not like, in one line. */
export function firstProblem(what: string, { issues }: z.core.$ZodError): string {
  const issue = issues[0];
  const path = issue?.path.map(String).join(".") ?? "";
  return `${path === "" ? what : path}: ${issue?.message ?? "wrong"}`;
}

function decode(text: string): Uint8Array | undefined {
  try {
    return base64Decode(text);
  } catch {
    return undefined;
  }
}
