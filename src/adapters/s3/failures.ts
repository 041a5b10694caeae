import { fail, type Result } from "../../core/model/result.ts";
import type { StoreFailure } from "../../core/ports/object-store.ts";

/** A failure with the store's own word for it, where it gave one. */
export interface S3Failure extends StoreFailure {
  readonly code?: string | undefined;
}

/** What went wrong, for a log: the call and the key, never a URL (it may be signed) or a header. */
export const storeFailure = (
  reason: StoreFailure["reason"],
  call: string,
  what: string,
  cause?: unknown,
): Result<never, StoreFailure> => fail({ reason, detail: `${call}: ${what}`, cause });

const CODE = /<Code>([A-Za-z0-9]{1,64})<\/Code>/;

/** The code in an S3 error document. */
export const codeIn = (xml: string): string | undefined => CODE.exec(xml)?.[1];

/**
 * Reads a refusal of the store. Source: Amazon S3 API reference, "Error responses".
 * A lost race is 412, or 409 ConditionalRequestConflict while another write is under way.
 * `If-Match` on a missing key is 404 on AWS and 412 on R2: both are a lost race;
 * a missing bucket is not. It says nothing of an object either, and no more does a 404 with a body
 * that is no error document: that is the page of whatever stands before the store.
 */
export async function failureOf(
  call: string,
  answer: Response,
  isConditionalPut: boolean,
): Promise<Result<never, S3Failure>> {
  const text = await answer.text().catch(() => "");
  const code = codeIn(text);
  if (answer.status === 404 && code === undefined && text.trim() !== "") {
    return storeFailure("unreachable", call, "404, and not from a store");
  }
  const region = answer.headers.get("x-amz-bucket-region");
  const failed = reasonOf(call, answer.status, code, isConditionalPut, region);
  return failed.ok ? failed : fail({ ...failed.failure, code });
}

function reasonOf(
  call: string,
  status: number,
  code: string | undefined,
  isConditionalPut: boolean,
  region: string | null,
): Result<never, StoreFailure> {
  const what = `the store answered ${status}${code === undefined ? "" : ` ${code}`}`;
  if (status === 304) return storeFailure("unchanged", call, "it has the same etag");
  if (status >= 300 && status < 400) {
    const place = region === null ? "" : `; the bucket is in ${region}`;
    return storeFailure(
      "misdirected",
      call,
      `${what}: the endpoint or the region is wrong${place}`,
    );
  }
  if (status === 412 || code === "ConditionalRequestConflict") {
    return storeFailure("precondition_lost", call, what);
  }
  if (status === 404) {
    if (code === "NoSuchBucket") return storeFailure("misdirected", call, what);
    return storeFailure(isConditionalPut ? "precondition_lost" : "absent", call, what);
  }
  if (status === 429 || code === "SlowDown") return storeFailure("throttled", call, what);
  if (status >= 500) return storeFailure("unreachable", call, what);
  return storeFailure("denied", call, what);
}
