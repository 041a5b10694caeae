import { getTextEncoding } from "@bufbuild/protobuf/wire";
import { sha256Of } from "../../core/lifecycle/hash-bytes.ts";
import type { IdempotencyKey } from "../../core/lifecycle/pointer/idempotency.ts";
import type { RegistryFailure } from "../../core/lifecycle/registry-failure.ts";
import { fail, ok, type Result } from "../../core/model/result.ts";
import type { Digest } from "../../core/ports/digest.ts";
import type { AppContext } from "../app-env.ts";

const KEY = /^[\x21-\x7e]{1,255}$/;

/**
 * Reads `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07): a string in quotes as
 * the draft has it, or bare as many clients send it. `undefined` without one.
 * @param asked what makes two requests the same
 */
export async function readIdempotencyKey(
  c: AppContext,
  digest: Digest,
  asked: unknown,
): Promise<Result<IdempotencyKey | undefined, RegistryFailure>> {
  const header = c.req.header("idempotency-key")?.trim();
  if (header === undefined) return ok(undefined);
  const key = /^"(.*)"$/.exec(header)?.[1] ?? header;
  if (!KEY.test(key)) {
    return fail({
      reason: "invalid_request",
      detail: "Idempotency-Key must be 1 to 255 visible characters of ASCII, such as a UUID",
    });
  }
  const hash = (text: string) => sha256Of(digest, getTextEncoding().encodeUtf8(text));
  return ok({ key: await hash(key), request: await hash(JSON.stringify(asked)) });
}
