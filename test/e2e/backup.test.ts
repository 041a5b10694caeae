import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalS3, startLocalS3 } from "../../infra/local/s3.ts";
import { modelBytesKey } from "../../src/core/model/keys.ts";
import type { ObjectStore } from "../../src/core/ports/object-store.ts";
import { s3Store } from "../contract/object-store/s3-store.ts";
import { sendPart } from "../contract/upload-store/over-s3.ts";
import { callApi } from "../support/call-api.ts";
import { readFixture } from "../support/fixtures.ts";
import { inferJson } from "../support/infer.ts";
import { type StackBehindProxy, startStackBehindProxy } from "../support/stack-behind-proxy.ts";
import { contentOf, textAt } from "../support/two-buckets.ts";

const DEADLINE = { deadlineMs: 20_000 };
const HOURLY = "0 * * * *";
const PATIENCE_MS = 10_000;
const iris = readFixture("iris-logreg", "1");
const row = iris.rows.slice(0, 1);
const label = iris.expected.label?.[0];

describe("a registry with a second bucket", () => {
  let second: LocalS3;
  let copies: ObjectStore;
  let setup: StackBehindProxy;

  beforeAll(async () => {
    second = await startLocalS3();
    copies = s3Store(second.config);
    setup = await startStackBehindProxy({
      REVALIDATE_MS: "100",
      BACKUP_S3_ENDPOINT: second.config.endpoint,
      BACKUP_S3_BUCKET: second.config.bucket,
      BACKUP_S3_ACCESS_KEY_ID: second.config.accessKeyId,
      BACKUP_S3_SECRET_ACCESS_KEY: second.config.secretAccessKey,
    });
  });

  afterAll(async () => {
    await setup.stop();
    await second.stop();
  });

  const call = (method: string, path: string, body?: unknown) =>
    callApi(setup.stack.url, method, path, body);

  async function publish(model: string, bytes: Uint8Array): Promise<void> {
    const answer = await call("POST", `/v1/models/${model}/versions`, bytes);
    if (answer.status > 201) throw new Error(JSON.stringify(answer.body));
  }

  const ask = (model: string) => inferJson(setup.stack.url, `/v2/models/${model}/infer`, row);

  it("is copied by the hour's cron, byte for byte, and proved whole", async () => {
    await publish("kept", iris.bytes);
    await setup.stack.fireCron(HOURLY);
    const { "audit/head.json": _head, ...registry } = await contentOf(setup.store);
    expect(await contentOf(copies)).toEqual(registry);
    expect((await call("GET", "/v1/backup")).body).toMatchObject({
      last: { done: true, failures: 0, copied: Object.keys(registry).length },
    });
    expect((await call("POST", "/v1/backup/verify", {})).body).toMatchObject({
      verified: 1,
      failed: [],
      missing: [],
      done: true,
    });
  });

  it("costs nothing but listings and its own report while it is unchanged", async () => {
    await setup.stack.fireCron(HOURLY);
    setup.proxy.clear();
    await setup.stack.fireCron(HOURLY);
    const calls = setup.proxy.calls.filter((line) => line.replace(/\?.*/, "") !== "GET ");
    expect(calls).toEqual(["GET backup/status.json", "PUT backup/status.json"]);
  });

  it("answers rightly from the backup what is damaged in the first bucket, and repairs it", async () => {
    await publish("damaged", iris.bytes);
    await call("POST", "/v1/backup/run");
    const key = modelBytesKey("damaged", "1");
    await setup.store.put(key, new Uint8Array(iris.bytes.byteLength).fill(1), DEADLINE);
    const answer = await ask("damaged");
    expect([answer.status, answer.outputs[0]?.data]).toEqual([200, [label]]);
    await expect
      .poll(() => textAt(setup.store, key), { timeout: PATIENCE_MS })
      .toBe(await textAt(copies, key));
  });

  it("serves a model that it never loaded while the first bucket is down", async () => {
    await publish("sheltered", iris.bytes);
    await call("POST", "/v1/backup/run");
    await call("POST", "/v2/repository/models/sheltered/unload");
    setup.proxy.state = "down";
    try {
      const answer = await ask("sheltered");
      expect([answer.status, answer.outputs[0]?.data]).toEqual([200, [label]]);
    } finally {
      setup.proxy.state = "up";
    }
  });

  it("comes back whole into an empty bucket: every question has the same answer", async () => {
    const questions = [
      "/v1/models",
      "/v1/models/kept",
      "/v1/models/kept/versions",
      "/v1/models/kept/versions/1",
      "/v1/models/kept/history",
      "/v1/models/kept/deployment",
    ];
    const answers = () =>
      Promise.all(
        questions.map(async (question) => {
          const { status, body } = await call("GET", question);
          return { status, body };
        }),
      );
    await call("POST", "/v1/backup/run");
    const before = await answers();
    expect(before.map(({ status }) => status)).toEqual(questions.map(() => 200));
    const page = await setup.store.list("", DEADLINE);
    if (!page.ok) throw new Error(page.failure.detail);
    for (const { key } of page.value.objects) await setup.store.delete(key, DEADLINE);
    const restored = await call("POST", "/v1/restore", {});
    expect(restored).toMatchObject({
      status: 200,
      body: { done: true, failures: 0, pointers: { kept: "restored" } },
    });
    expect(await answers()).toEqual(before);
    const answer = await ask("kept");
    expect([answer.status, answer.outputs[0]?.data]).toEqual([200, [label]]);
  });

  it("takes an upload that went straight to the bucket in parts", async () => {
    const begun = await call("POST", "/v1/models/sent/uploads", {
      size_bytes: iris.bytes.byteLength,
    });
    expect(begun.status).toBe(201);
    const { upload_id, parts } = begun.body as {
      readonly upload_id: string;
      readonly parts: readonly { readonly number: number; readonly url: string }[];
    };
    const sent = parts.map(async ({ number, url }) => ({
      number,
      etag: await sendPart(url, iris.bytes),
    }));
    const path = `/v1/models/sent/uploads/${upload_id}`;
    const wrong = await call("POST", `${path}/complete`, { parts: [{ number: 1, etag: '"no"' }] });
    expect([wrong.status, wrong.body.code]).toEqual([400, "invalid_parts"]);
    const done = await call("POST", `${path}/complete`, { parts: await Promise.all(sent) });
    expect([done.status, done.body.version]).toEqual([201, "1"]);
    const answer = await ask("sent");
    expect([answer.status, answer.outputs[0]?.data]).toEqual([200, [label]]);
    const left = await setup.store.list("models/sent/uploads/", DEADLINE);
    expect(left).toMatchObject({ ok: true, value: { objects: [] } });
    const again = await call("POST", `${path}/complete`, { parts: await Promise.all(sent) });
    expect([again.status, again.body.code]).toEqual([404, "upload_not_found"]);
  });
});
