import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stack } from "../../infra/local/stack.ts";
import { readFixture } from "../support/fixtures.ts";
import { inferJson } from "../support/infer.ts";
import { publish, putVersion } from "../support/publish.ts";
import { startTestStack, TEST_TOKEN } from "../support/stack.ts";

const MINUTE = "* * * * *";
const iris = readFixture("iris-logreg", "1");
const row = iris.rows.slice(0, 1);
const label = iris.expected.label?.[0];

interface Report {
  readonly at: string;
  readonly lease: string;
  readonly warmed: readonly Readonly<Record<string, unknown>>[];
  readonly refreshed: Readonly<Record<string, unknown>>;
}

interface CronAnswer {
  readonly redis: string;
  readonly crons: readonly { readonly from: string | null; readonly last: Report | null }[];
}

describe("bundles and the minute's cron on the local stack", () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await startTestStack();
  });

  afterAll(() => stack.stop());

  async function call<T = Readonly<Record<string, unknown>>>(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ readonly status: number; readonly body: T }> {
    const answer = await fetch(`${stack.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${TEST_TOKEN}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === "" ? ({} as T) : (JSON.parse(text) as T) };
  }

  const minute = async () => {
    const { body } = await call<CronAnswer>("GET", "/v1/cron");
    return { redis: body.redis, ...body.crons[0] };
  };

  it("a cron fired by hand warms what is to be warm, and its report can be read", async () => {
    await publish(stack.store, "one", iris.bytes);
    await publish(stack.store, "two", iris.bytes);
    await putVersion(stack.store, "two", "2", iris.bytes, { digest: "0".repeat(64) });
    const references = ["one", "two@1", "two@2"];
    const made = await call("PUT", "/v1/bundles/both", { references, warm: true });
    expect([made.status, made.body.rev]).toEqual([201, 1]);
    expect(await minute()).toEqual(
      expect.objectContaining({ redis: "up", from: null, last: null }),
    );

    const fired = await fetch(
      `${stack.url}/cdn-cgi/handler/scheduled?cron=${encodeURIComponent(MINUTE)}`,
    );
    expect(fired.status).toBe(200);
    const { from, last } = await minute();
    expect([from, last?.lease]).toEqual(["redis", "held"]);
    expect(last?.refreshed).toMatchObject({ kept: 0, failed: [] });
    // The six examples, and two of the test's.
    expect(last?.refreshed.checked).toBe(8);
    expect(last?.warmed).toEqual([
      { model: "one", version: "1", ok: true, duration_ms: expect.any(Number) },
      { model: "two", version: "1", ok: true, duration_ms: expect.any(Number) },
      expect.objectContaining({ model: "two", version: "2", ok: false, reason: "digest_mismatch" }),
    ]);
    const first = await inferJson(stack.url, "/v2/models/one/infer", row);
    expect([first.status, first.outputs[0]?.data]).toEqual([200, [label]]);
    expect(first.headers.get("cache-status")).toContain("model; hit");
  });

  it("a tick within the lease of another one does nothing, and leaves its report", async () => {
    const before = await minute();
    await stack.fireCron(MINUTE);
    expect(await minute()).toEqual(before);
  });

  it("loads a bundle in one pass, a line per model", async () => {
    await call("POST", "/v2/repository/models/one/unload");
    const { status, body } = await call<{ readonly results: readonly object[] }>(
      "POST",
      "/v1/bundles/both/load",
    );
    expect(status).toBe(200);
    expect(body).toMatchObject({ bundle: "both", loaded: 2, failed: 1 });
    expect(body.results).toMatchObject([
      { reference: "one", ok: true, version: "1", memory_bytes: expect.any(Number) },
      { reference: "two@1", ok: true, version: "1" },
      { reference: "two@2", ok: false, error: { code: "model_unavailable" } },
    ]);
  });

  it("asks every model of a bundle the same", async () => {
    const inputs = [{ name: "features", datatype: "FP32", shape: [1, 4], data: row.flat() }];
    const { status, body } = await call<{ readonly results: readonly object[] }>(
      "POST",
      "/v1/bundles/both/predict",
      { inputs, outputs: [{ name: "label" }] },
    );
    expect(status).toBe(200);
    const outputs = [{ name: "label", datatype: "INT64", shape: [1], data: [label] }];
    expect(body.results).toMatchObject([
      { reference: "one", ok: true, version: "1", outputs },
      { reference: "two@1", ok: true, version: "1", outputs },
      { reference: "two@2", ok: false, error: { code: "model_unavailable" } },
    ]);
    expect(body).toMatchObject({ meta: { bundle: "both", request_id: expect.any(String) } });
  });

  it("keeps a version that a bundle names from being deleted", async () => {
    const refused = await call("DELETE", "/v1/models/two/versions/2");
    expect([refused.status, refused.body.code]).toEqual([409, "version_in_use"]);
    expect(refused.body.detail).toContain("bundle 'both'");
    expect((await call("DELETE", "/v1/bundles/both")).status).toBe(204);
    expect((await call("DELETE", "/v1/models/two/versions/2")).status).toBe(204);
  });

  it("leaves one bundle of many writers at once, and counts them all", async () => {
    const puts = Array.from({ length: 8 }, (_, index) =>
      call("PUT", "/v1/bundles/raced", { references: ["one"], description: `${index}` }),
    );
    const statuses = (await Promise.all(puts)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(1);
    expect(statuses.every((status) => status === 200 || status === 201)).toBe(true);
    expect((await call("GET", "/v1/bundles/raced")).body.rev).toBe(8);
  });
});

it("a tick does all its work while Redis does not answer, and says so", async () => {
  const stack = await startTestStack({
    UPSTASH_REDIS_REST_URL: "http://127.0.0.1:9",
    UPSTASH_REDIS_REST_TOKEN: "nobody-listens-there",
  });
  try {
    await stack.fireCron(MINUTE);
    const answer = await fetch(`${stack.url}/v1/cron`);
    const { redis, crons } = (await answer.json()) as CronAnswer;
    expect([redis, crons[0]?.from, crons[0]?.last?.lease]).toEqual([
      "unavailable",
      "isolate",
      "unavailable",
    ]);
    expect(crons[0]?.last?.refreshed).toMatchObject({ checked: 6, failed: [] });
  } finally {
    await stack.stop();
  }
});
