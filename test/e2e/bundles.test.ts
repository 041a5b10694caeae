import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stack } from "../../infra/local/stack.ts";
import { callApi } from "../support/call-api.ts";
import { fixtureManifest } from "../support/fixture-rows.ts";
import { readFixture } from "../support/fixtures.ts";
import { inferJson } from "../support/infer.ts";
import { publish, putVersion } from "../support/publish.ts";
import { startTestStack } from "../support/stack.ts";

const MINUTE = "* * * * *";
const iris = readFixture("iris-logreg", "1");
const row = iris.rows.slice(0, 1);
const label = iris.expected.label?.[0];

/** A row of a fixture, by the names of its model's features. */
const namedRow = (model: string, place: number) =>
  Object.fromEntries(
    fixtureManifest(model, "1").features.map(({ name }, at) => [
      name,
      readFixture(model, "1").rows[place]?.[at],
    ]),
  );

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

  const call = (method: string, path: string, body?: unknown, headers = {}) =>
    callApi(stack.url, method, path, body, headers);

  const minute = async () => {
    const { redis, crons }: CronAnswer = (await call("GET", "/v1/cron")).body;
    return { redis, ...crons[0] };
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
    const { status, body } = await call("POST", "/v1/bundles/both/load");
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
    const asked = { inputs, outputs: [{ name: "label" }] };
    const { status, body } = await call("POST", "/v1/bundles/both/predict", asked);
    expect(status).toBe(200);
    const outputs = [{ name: "label", datatype: "INT64", shape: [1], data: [label] }];
    expect(body.results).toMatchObject([
      { reference: "one", ok: true, version: "1", outputs },
      { reference: "two@1", ok: true, version: "1", outputs },
      { reference: "two@2", ok: false, error: { code: "model_unavailable" } },
    ]);
    expect(body).toMatchObject({ meta: { bundle: "both", request_id: expect.any(String) } });
  });

  it("asks every model for the same rows, each of its own features, as its predict route would", async () => {
    const models = ["iris-logreg", "wine-pipeline"];
    const references = [...models, "two@2"];
    expect((await call("PUT", "/v1/bundles/mixed", { references })).status).toBe(201);
    const rows = [0, 1].map((place) =>
      Object.assign({}, ...models.map((model) => namedRow(model, place))),
    );
    const names = Object.keys(rows[0]);
    const csv = [["id", ...names], ...rows.map((row, at) => [at, ...Object.values(row)]), [1, 2]];
    const asCsv = { "content-type": "text/csv" };
    for (const [body, headers] of [
      [{ rows: [...rows, { colour: 1 }] }, {}],
      [csv.map((cells) => cells.join()).join("\n"), asCsv],
    ] as const) {
      const asked = await call("POST", "/v1/bundles/mixed/predict", body, headers);
      expect(asked.status).toBe(200);
      expect(asked.body.results[2]).toMatchObject({ error: { code: "model_unavailable" } });
      for (const [place, model] of models.entries()) {
        const path = `/v1/models/${model}/predict?unknown=ignore`;
        const alone = await call("POST", path, { rows });
        const [{ prediction_id: _, ...first }, { prediction_id: __, ...second }] =
          alone.body.results;
        const { results, ...facts } = asked.body.results[place];
        expect(facts).toMatchObject({ reference: model, ok: true, model, version: "1" });
        expect(first.label).toEqual(expect.any(String));
        expect(results).toMatchObject([
          first,
          second,
          { ok: false, error: { path: expect.stringMatching(/^rows\[2\]/) } },
        ]);
        const record = `/v1/predictions/${results[1].prediction_id}`;
        await expect
          .poll(async () => (await call("GET", record)).body)
          .toMatchObject({ model, version: "1", output: { label: second.label } });
      }
    }
    await call("DELETE", "/v1/bundles/mixed");
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
