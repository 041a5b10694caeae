import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stack } from "../../infra/local/stack.ts";
import { readFixture } from "../support/fixtures.ts";
import { readHoldout } from "../support/holdouts.ts";
import { startTestStack, TEST_TOKEN } from "../support/stack.ts";

const MODEL = "iris-logreg";
const FEATURES = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"];
const CLASSES = ["setosa", "versicolor", "virginica"];
const AUTH = { authorization: `Bearer ${TEST_TOKEN}` };

interface Result {
  readonly ok: boolean;
  readonly prediction_id: string;
}

describe("from a prediction to its accuracy, in the real Worker", () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startTestStack();
  });
  afterAll(() => stack?.stop());

  const get = async (path: string) =>
    (await (await fetch(`${stack.url}${path}`, { headers: AUTH })).json()) as Record<
      string,
      unknown
    >;
  const send = (method: string, path: string, body: string, type = "application/json") =>
    fetch(`${stack.url}${path}`, { method, body, headers: { ...AUTH, "content-type": type } });
  const records = async () => {
    const { items } = await get(`/v1/predictions?model=${MODEL}&limit=200`);
    return items as readonly Record<string, unknown>[];
  };
  const rowsOf = () =>
    readFixture(MODEL, "1").rows.map((row) =>
      Object.fromEntries(FEATURES.map((name, index) => [name, row[index]])),
    );

  it("tells the hold-out's own metrics once every row has its outcome", async () => {
    const answer = await send(
      "POST",
      `/v1/models/${MODEL}/predict`,
      JSON.stringify({ rows: rowsOf() }),
    );
    const { results } = (await answer.json()) as { results: readonly Result[] };
    const { rows, metrics } = readHoldout(MODEL, "1");
    const lines = rows.map(({ truth }, index) =>
      JSON.stringify({
        prediction_id: results[index]?.prediction_id,
        value: CLASSES[Number(truth)],
      }),
    );
    // Whoever asks right after a prediction finds its record.
    expect(await records()).toHaveLength(75);
    const set = await send("POST", "/v1/outcomes", lines.join("\n"), "application/x-ndjson");
    expect((await set.text()).match(/"ok":true/g)).toHaveLength(75);
    const { groups } = await get(`/v1/models/${MODEL}/accuracy`);
    const [group] = groups as readonly { metrics: Record<string, unknown> }[];
    expect(group).toMatchObject({ key: "1", n: 75, predictions: 75, coverage: 1 });
    expect(group?.metrics.accuracy).toBe(metrics.accuracy);
    expect(Math.abs(Number(group?.metrics.log_loss) - Number(metrics.log_loss))).toBeLessThan(1e-5);
  });

  it("records tensors only once the deployment wants it", async () => {
    const infer = async () => {
      const inputs = [
        { name: "features", datatype: "FP32", shape: [1, 4], data: [6.2, 2.8, 4.8, 1.8] },
      ];
      const answer = await send("POST", `/v2/models/${MODEL}/infer`, JSON.stringify({ inputs }));
      await answer.text();
      return answer.headers.get("x-freshet-prediction-id") ?? "";
    };
    const silent = await infer();
    const path = `/v1/models/${MODEL}/deployment`;
    const now = await fetch(`${stack.url}${path}`, { headers: AUTH });
    const { aliases } = (await now.json()) as { aliases: unknown };
    const put = await fetch(`${stack.url}${path}`, {
      method: "PUT",
      headers: { ...AUTH, "if-match": now.headers.get("etag") ?? "" },
      body: JSON.stringify({ aliases, record: { rate: 1, log_inputs: true } }),
    });
    expect(put.status).toBe(200);
    let recorded: Record<string, unknown> = {};
    await expect
      .poll(async () => {
        const asked = await infer();
        await expect
          .poll(async () => (await get("/v1/cache/status")).records)
          .toMatchObject({ pending: 0 });
        recorded = await get(`/v1/predictions/${asked}`);
        return recorded.id;
      })
      .toBeDefined();
    expect(await get(`/v1/predictions/${silent}`)).toMatchObject({ code: "prediction_not_found" });
    expect(recorded).toMatchObject({
      model: MODEL,
      output: { label: "virginica" },
      inputs: [{ shape: [1, 4] }],
    });
  });

  it("records a stream of rows, in step with Redis", async () => {
    const before = ((await get("/v1/cache/status")).records as { lost: number }).lost;
    const many = Array.from({ length: 8_000 }, (_, index) =>
      JSON.stringify({ ...rowsOf()[index % 75] }),
    );
    const answer = await send(
      "POST",
      `/v1/models/${MODEL}/predict`,
      many.join("\n"),
      "application/x-ndjson",
    );
    const text = await answer.text();
    expect(text.match(/"ok":true/g)).toHaveLength(8_000);
    await expect
      .poll(async () => (await get("/v1/cache/status")).records)
      .toMatchObject({ pending: 0, lost: before });
    const { groups } = await get(`/v1/models/${MODEL}/statistics`);
    expect((groups as { predictions: number }[])[0]?.predictions).toBeGreaterThanOrEqual(8_075);
  });
});
