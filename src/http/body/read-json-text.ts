import type { MaybePromise } from "../../core/model/maybe-promise.ts";
import { fail, ok, type Result } from "../../core/model/result.ts";
import type { Bytes } from "../../core/model/tensor.ts";
import { type BodyFailure, declaredLength, readBody } from "./read-body.ts";

const encoder = new TextEncoder();
/** What the runtime puts in the place of bytes that are not UTF-8. */
const REPLACEMENT = "\uFFFD";

/**
 * Reads a body that is to be JSON: as text when it comes plain and with its length, which
 * saves workerd a buffer and a second pass, else as bytes. Limits as `readBody`.
 *
 * The runtime replaces what is not UTF-8, three bytes for one to three. A replacement that
 * leaves the length as declared was sent as such, or stands for three bytes of a torn character.
 */
export function readJsonText(
  request: Request,
  maxBytes: number,
): MaybePromise<Result<string | Bytes, BodyFailure>> {
  const length = declaredLength(request.headers.get("content-length"));
  const plain = request.headers.get("content-encoding") === null;
  if (!plain || length === undefined || length > maxBytes) return readBody(request, { maxBytes });
  return request.text().then(
    (text) => checkText(text, length),
    () => broken("bad_encoding", "the body broke off before its end"),
  );
}

function checkText(text: string, length: number): Result<string, BodyFailure> {
  const damagedAt = text.indexOf(REPLACEMENT);
  if (damagedAt < 0 || encoder.encode(text).byteLength === length) return ok(text);
  const byte = encoder.encode(text.slice(0, damagedAt)).byteLength;
  return broken("invalid_json", `the body is not valid JSON: it is not UTF-8 at byte ${byte}`);
}

const broken = (reason: BodyFailure["reason"], detail: string): Result<never, BodyFailure> =>
  fail({ reason, status: 400, detail });
