import { fail, type Result } from "../../core/model/result.ts";
import type { StoreFailure } from "../../core/ports/object-store.ts";

/** What went wrong, for a log: the call and the key, never a URL (it may be signed) or a header. */
export const storeFailure = (
  reason: StoreFailure["reason"],
  call: string,
  what: string,
  cause?: unknown,
): Result<never, StoreFailure> => fail({ reason, detail: `${call}: ${what}`, cause });

const CODE = /<Code>([A-Za-z0-9]{1,64})<\/Code>/;

/**
 * Reads a refusal of the store. Source: Amazon S3 API reference, "Error responses".
 * A lost race is 412, or 409 ConditionalRequestConflict while another write is under way.
 * `If-Match` on a missing key is 404 on AWS and 412 on R2: both are a lost race;
 * a missing bucket is not.
 */
export async function failureOf(
  call: string,
  answer: Response,
  isConditionalPut: boolean,
): Promise<Result<never, StoreFailure>> {
  const { status } = answer;
  const code = CODE.exec(await answer.text().catch(() => ""))?.[1];
  const what = `the store answered ${status}${code === undefined ? "" : ` ${code}`}`;
  if (status === 304) return storeFailure("unchanged", call, "it has the same etag");
  if (status === 412 || code === "ConditionalRequestConflict") {
    return storeFailure("precondition_lost", call, what);
  }
  if (status === 404) {
    const isLostRace = isConditionalPut && code !== "NoSuchBucket";
    return storeFailure(isLostRace ? "precondition_lost" : "absent", call, what);
  }
  if (status === 429 || code === "SlowDown") return storeFailure("throttled", call, what);
  if (status >= 500) return storeFailure("unreachable", call, what);
  return storeFailure("denied", call, what);
}
