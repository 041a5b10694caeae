import { describe, expect, it } from "vitest";
import { failureOf } from "../../../src/adapters/s3/failures.ts";

const refusal = (status: number, code?: string): Response =>
  new Response(
    status === 304 ? null : code === undefined ? "" : `<Error><Code>${code}</Code></Error>`,
    { status },
  );

describe("reading a refusal of the store", () => {
  it.each([
    [304, undefined, "unchanged"],
    [400, "InvalidRequest", "denied"],
    [401, undefined, "denied"],
    [403, "AccessDenied", "denied"],
    [404, "NoSuchKey", "absent"],
    [404, "NoSuchBucket", "misdirected"],
    [409, "ConditionalRequestConflict", "precondition_lost"],
    [412, "PreconditionFailed", "precondition_lost"],
    [429, undefined, "throttled"],
    [500, "InternalError", "unreachable"],
    [502, undefined, "unreachable"],
    [503, "SlowDown", "throttled"],
    [503, "ServiceUnavailable", "unreachable"],
  ] as const)("reads %i %s as %s", async (status, code, reason) => {
    const read = await failureOf("GET k", refusal(status, code), false);
    expect(read).toMatchObject({ ok: false, failure: { reason } });
  });

  it("reads 404 on a put with an etag as a lost race, but not for a missing bucket", async () => {
    const key = await failureOf("PUT k", refusal(404, "NoSuchKey"), true);
    expect(key).toMatchObject({ failure: { reason: "precondition_lost" } });
    const bucket = await failureOf("PUT k", refusal(404, "NoSuchBucket"), true);
    expect(bucket).toMatchObject({ failure: { reason: "misdirected" } });
  });

  it("reads 404 of something before the store as no answer of the store", async () => {
    const page = new Response("<html>no such page</html>", { status: 404 });
    expect(await failureOf("GET k", page, false)).toMatchObject({
      failure: { reason: "unreachable" },
    });
  });

  it("says call, status and the store's code, and nothing else of the body", async () => {
    const body = "<Error><Code>AccessDenied</Code><AWSAccessKeyId>KEYID</AWSAccessKeyId></Error>";
    const read = await failureOf("GET models/k", new Response(body, { status: 403 }), false);
    expect(read).toMatchObject({
      failure: { detail: "GET models/k: the store answered 403 AccessDenied" },
    });
    expect(JSON.stringify(read)).not.toContain("KEYID");
  });
});
