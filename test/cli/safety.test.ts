import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalS3, startLocalS3 } from "../../infra/local/s3.ts";
import type { Stack } from "../../infra/local/stack.ts";
import { startTestStack } from "../support/stack.ts";
import { cliFor, jsonOf } from "./run-cli.ts";
import { writeFixture } from "./write-fixture.ts";

const DEADLINE = { deadlineMs: 5_000 };

describe("backup, restore and audit by command line", () => {
  let second: LocalS3;
  let stack: Stack;
  let freshet: ReturnType<typeof cliFor>;
  beforeAll(async () => {
    second = await startLocalS3();
    const { endpoint, bucket, region, accessKeyId, secretAccessKey } = second.config;
    stack = await startTestStack({
      BACKUP_S3_ENDPOINT: endpoint,
      BACKUP_S3_BUCKET: bucket,
      BACKUP_S3_REGION: region,
      BACKUP_S3_ACCESS_KEY_ID: accessKeyId,
      BACKUP_S3_SECRET_ACCESS_KEY: secretAccessKey,
    });
    freshet = cliFor(stack.url);
  });
  afterAll(async () => {
    await stack.stop();
    await second.stop();
  });

  it("copies, proves the copies, and brings a lost version back", async () => {
    const { file } = await writeFixture("diabetes-linear", "1");
    await freshet("model", "publish", "linear", file);
    expect((await freshet("backup", "run")).out).toMatch(/^\d+ copied \(.*, \d+ were there/);
    expect(await jsonOf(freshet("backup", "status", "--json"))).toMatchObject({
      last: { done: true, failures: 0 },
    });
    expect(await jsonOf(freshet("backup", "verify", "--json"))).toMatchObject({
      ok: true,
      done: true,
    });

    await stack.store.delete("models/linear/versions/1/manifest.json", DEADLINE);
    expect((await freshet("model", "show", "linear@1")).code).toBe(1);
    const restored = await freshet("restore", "linear@1");
    expect(restored).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^\d+ objects? restored/),
    });
    expect((await freshet("model", "show", "linear@1")).code).toBe(0);
    expect((await freshet("restore", "--all")).code).toBe(0);
  });

  it("lists what was done, and finds an entry that was altered", async () => {
    expect((await freshet("audit", "list")).out).toMatch(/admin +publish +linear/);
    expect((await freshet("audit", "verify")).out).toMatch(/unbroken/);
    const { items } = (await jsonOf(freshet("audit", "list", "--json"))) as {
      readonly items: readonly { readonly key: string }[];
    };
    const key = items.at(-1)?.key ?? "";
    const forged = new TextEncoder().encode("{}");
    expect(await stack.store.put(key, forged, DEADLINE)).toMatchObject({ ok: true });
    const verdict = await freshet("audit", "verify");
    expect(verdict).toMatchObject({ code: 1, out: expect.stringMatching(/broken/) });
    expect(verdict.err).toContain(`${key}: altered`);
  });

  it("changes nothing when it looks with doctor", async () => {
    const before = await jsonOf(freshet("audit", "list", "--json"));
    await freshet("doctor");
    expect(await jsonOf(freshet("audit", "list", "--json"))).toEqual(before);
  });
});
