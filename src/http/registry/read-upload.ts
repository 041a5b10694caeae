import { type Draft, draftSchema } from "../../core/model/manifest-draft.ts";
import { fail, ok, type Result } from "../../core/model/result.ts";
import type { Bytes } from "../../core/model/tensor.ts";
import type { Digest } from "../../core/ports/digest.ts";
import { parseJson } from "../body/parse-json.ts";
import { readBody } from "../body/read-body.ts";
import type { Refusal } from "../problem.ts";
import { checkAgainst } from "./read-json-body.ts";

/** A model as its publisher sent it. */
export interface Upload {
  readonly bytes: Bytes;
  /** SHA-256, lower-case hex. */
  readonly digest: string;
  readonly draft: Draft;
}

type Refused = Refusal & { readonly reason: string };

const MAX_MANIFEST_BYTES = 1024 * 1024;
const MAX_DEPTH = 100;

/**
 * Reads a published model: the bare bytes, hashed while they arrive, or a form with the file
 * as `model`, what is known of it as `manifest` and its signature as `signature`. Holds the file once, a form's twice.
 */
export async function readUpload(
  request: Request,
  digest: Digest,
  maxBytes: number,
): Promise<Result<Upload, Refused>> {
  const type = (request.headers.get("content-type") ?? "application/octet-stream").toLowerCase();
  if (type.startsWith("multipart/form-data")) return readForm(request, digest, maxBytes);
  if (!/^application\/(octet-stream|x-onnx|onnx)\b/.test(type)) {
    return refused(
      "unsupported_media_type",
      415,
      "send the model as application/octet-stream, or as multipart/form-data with the parts 'model' and 'manifest'",
    );
  }
  const hash = digest.sha256Stream();
  const body = await readBody(request, { maxBytes, hash });
  if (!body.ok) return tooLargeToo(body.failure, maxBytes);
  if (body.value.byteLength === 0) return refused("invalid_request", 400, "the body is empty");
  return ok({ bytes: body.value, digest: await hash.finish(), draft: {} });
}

async function readForm(
  request: Request,
  digest: Digest,
  maxBytes: number,
): Promise<Result<Upload, Refused>> {
  const body = await readBody(request, { maxBytes: maxBytes + MAX_MANIFEST_BYTES });
  if (!body.ok) return tooLargeToo(body.failure, maxBytes);
  const form = await parseForm(request, body.value);
  if (form === undefined) {
    return refused("invalid_request", 400, "the body is not multipart/form-data (RFC 7578)");
  }
  const file = form.get("model");
  if (file === null) {
    return refused("invalid_request", 400, "the form has no part 'model' with the file's bytes");
  }
  const bytes = await bytesOf(file);
  if (bytes.byteLength === 0) return refused("invalid_request", 400, "the part 'model' is empty");
  if (bytes.byteLength > maxBytes) return tooLarge(maxBytes);
  const draft = await readDraft(form.get("manifest"), form.get("signature"));
  if (!draft.ok) return draft;
  const hash = digest.sha256Stream();
  await hash.write(bytes);
  return ok({ bytes, digest: await hash.finish(), draft: draft.value });
}

async function parseForm(request: Request, bytes: Bytes): Promise<FormData | undefined> {
  const headers = { "content-type": request.headers.get("content-type") ?? "" };
  try {
    return await new Response(bytes, { headers }).formData();
  } catch {
    return undefined;
  }
}

const bytesOf = async (part: File | string): Promise<Bytes> =>
  new Uint8Array(await new Response(part).arrayBuffer());

async function readDraft(
  manifest: File | string | null,
  signature: File | string | null,
): Promise<Result<Draft, Refused>> {
  const said = manifest === null ? ok({}) : await readJsonPart("manifest", manifest);
  if (!said.ok) return said;
  const draft = checkAgainst(draftSchema, said.value, "manifest");
  if (!draft.ok || signature === null) return draft;
  if (draft.value.signature !== undefined) {
    return refused("invalid_request", 400, "the signature is there twice: drop one of the two");
  }
  const signed = await readJsonPart("signature", signature);
  return signed.ok ? ok({ ...draft.value, signature: signed.value }) : signed;
}

async function readJsonPart(name: string, part: File | string): Promise<Result<unknown, Refused>> {
  const parsed = parseJson(await bytesOf(part), { maxDepth: MAX_DEPTH });
  if (parsed.ok) return parsed;
  const { reason, detail } = parsed.failure;
  return refused(reason, 400, detail.replace("the body", `the part '${name}'`));
}

const refused = (reason: string, status: number, detail: string): Result<never, Refused> =>
  fail({ reason, status, code: reason, detail });

const tooLarge = (maxBytes: number): Result<never, Refused> =>
  refused(
    "model_too_large",
    413,
    `the model is larger than ${maxBytes} bytes, the most whose loading fits into an isolate's engine`,
  );

const tooLargeToo = (
  failure: { readonly reason: string; readonly status: number; readonly detail: string },
  maxBytes: number,
): Result<never, Refused> =>
  failure.reason === "body_too_large"
    ? tooLarge(maxBytes)
    : refused(failure.reason, failure.status, failure.detail);
