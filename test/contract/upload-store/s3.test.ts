import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startLocalS3 } from "../../../infra/local/s3.ts";
import { createS3UploadStore } from "../../../src/adapters/s3/uploads.ts";
import { createSystemClock } from "../../../src/adapters/web-platform/clock.ts";
import { answer, type FaultServer, s3Error, startFaultServer } from "../../support/fault-server.ts";
import { must } from "../../support/must.ts";
import { RADOSGW_PACKAGES, startRadosgw } from "../../support/radosgw.ts";
import { describeNeeding } from "../../support/skip-loudly.ts";
import { sendPart, uploadsOver } from "./over-s3.ts";
import { describeUploadStore } from "./suite.ts";

describe("uploads into the local stack's S3", () => {
  describeUploadStore(async () => uploadsOver(await startLocalS3()));
});

describe("uploads into the local stack's S3 under a prefix of configuration", () => {
  describeUploadStore(async () => {
    const s3 = await startLocalS3();
    return uploadsOver({ ...s3, config: { ...s3.config, prefix: "a team/100%+ü/" } });
  });
});

describeNeeding(RADOSGW_PACKAGES, "uploads into radosgw", () => {
  // radosgw 16.2 answers 500 to it: the caller then hears of a store in trouble.
  describeUploadStore(async () => uploadsOver(await startRadosgw()), {
    unknownCompletion: "unreachable",
  });
});

describe("a signed URL of a part", () => {
  it("is good for its part of its upload, for as long as it says, and nothing else", async () => {
    const started = uploadsOver(await startLocalS3());
    const key = "models/x/uploads/id/model.onnx";
    const begun = must(await started.uploads.begin(key, { deadlineMs: 10_000 }));
    const address = { key, uploadId: begun, number: 1, expiresInS: 1_800 };
    const url = new URL(await started.uploads.presignPart(address));
    expect(url.searchParams.get("X-Amz-Expires")).toBe("1800");
    expect(url.href).not.toContain("secret");
    const otherPart = new URL(url);
    otherPart.searchParams.set("partNumber", "2");
    const otherKey = new URL(url);
    otherKey.pathname = otherKey.pathname.replace("/x/", "/y/");
    expect(await sendPart(otherPart.href, new Uint8Array([1]))).toBe(403);
    expect(await sendPart(otherKey.href, new Uint8Array([1]))).toBe(403);
    expect((await fetch(url)).status).toBe(403);
    expect(await sendPart(url.href, new Uint8Array([1]))).toMatch(/"/);
    await started.stop();
  });
});

describe("completing an upload with a store on a bad day", () => {
  let server: FaultServer;

  beforeAll(async () => {
    server = await startFaultServer();
  });

  afterAll(() => server.stop());

  const complete = (deadlineMs = 10_000) =>
    createS3UploadStore(
      {
        endpoint: server.url,
        bucket: "b",
        region: "auto",
        accessKeyId: "k",
        secretAccessKey: "s",
        prefix: "",
      },
      { clock: createSystemClock(), random: () => 0 },
    ).complete("key", "upload", [{ number: 1, etag: '"a&<b"' }], { deadlineMs });

  const DONE = answer(
    200,
    "<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>",
  );

  it("reads an error in an answer of 200 as no success, and tries again", async () => {
    const late = answer(200, "<Error><Code>InternalError</Code></Error>");
    server.plan(late, DONE);
    expect(await complete()).toMatchObject({ ok: true });
    expect(server.seen).toHaveLength(2);
    server.plan(late);
    expect(await complete(300)).toMatchObject({ failure: { reason: "unreachable" } });
  });

  it.each([
    ["InvalidPartOrder", "bad_parts"],
    ["EntityTooSmall", "bad_parts"],
    ["MalformedXML", "bad_parts"],
    ["InvalidRequest", "denied"],
  ])("reads 400 %s as %s", async (code, reason) => {
    server.plan(s3Error(400, code));
    expect(await complete()).toMatchObject({ failure: { reason } });
  });

  it("writes etags so that the list stays XML", async () => {
    server.plan(DONE);
    await complete();
    expect(server.seen[0]?.body.toString()).toContain('<ETag>"a&amp;&lt;b"</ETag>');
  });
});
