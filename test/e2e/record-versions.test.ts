import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stack } from "../../infra/local/stack.ts";
import { type ApiAnswer, callApi } from "../support/call-api.ts";
import { readFixture } from "../support/fixtures.ts";
import { startTestStack } from "../support/stack.ts";

/** Models with a better one beside: another version, and another model. */
const CASES = [
  { model: "digits-mlp", rowsOf: "digits-mlp", reference: "digits-mlp@2", version: "2" },
  {
    model: "progress",
    rowsOf: "diabetes-gbr",
    reference: "diabetes-gbr@2",
    version: "diabetes-gbr@2",
  },
];

let stack: Stack;
beforeAll(async () => {
  stack = await startTestStack();
  const { bytes, rows } = readFixture("diabetes-gbr", "1");
  const form = new FormData();
  form.set("model", new Blob([bytes]), "model.onnx");
  const features = rows[0]?.map((_, index) => ({ name: `f${index}`, dtype: "float32" }));
  form.set("manifest", JSON.stringify({ task: "regression", features }));
  const published = await api("POST", "/v1/models/progress/versions", form);
  expect([published.status, published.body.detail]).toEqual([201, undefined]);
  expect(
    (await api("PUT", "/v1/models/progress/aliases/production", { version: "1" })).status,
  ).toBe(200);
});
afterAll(() => stack?.stop());

const api = (method: string, path: string, body?: unknown, headers = {}) =>
  callApi(stack.url, method, path, body, headers);

async function setPremium(model: string, reference: string): Promise<void> {
  const path = `/v1/models/${model}/deployment`;
  const { headers } = await api("GET", path);
  const change = { strategies: { premium: { kind: "model", reference } }, record: { rate: 1 } };
  const put = await api("PUT", path, change, { "if-match": headers.get("etag") ?? "" });
  expect([put.status, put.body.errors]).toEqual([200, undefined]);
  expect((await api("POST", `/v1/cache/refresh/${model}`)).status).toBe(200);
}

/** Asks until the better answer is there. */
async function askForPremium(ask: () => Promise<ApiAnswer>): Promise<ApiAnswer> {
  let answer: ApiAnswer | undefined;
  await expect
    .poll(
      async () => {
        answer = await ask();
        return answer.headers.get("x-freshet-strategy");
      },
      { timeout: 40_000 },
    )
    .toBe("premium");
  if (answer === undefined) throw new Error("there was no answer");
  return answer;
}

describe.each(CASES)("$model, better answered by $reference", (given) => {
  const { model, rowsOf, reference, version } = given;
  const [row = []] = readFixture(rowsOf, "1").rows;
  const [betterModel, betterVersion] = reference.split("@");

  it("has its answers recorded and counted under what computed them", async () => {
    await setPremium(model, reference);
    const rows = () => api("POST", `/v1/models/${model}/predict`, { rows: [row] });
    const inputs = [{ name: "features", datatype: "FP32", shape: [1, row.length], data: row }];
    const tensors = () => api("POST", `/v2/models/${model}/infer`, { inputs });
    const byRows = await askForPremium(rows);
    const byTensors = await askForPremium(tensors);
    const ids = [
      byRows.body.results[0].prediction_id,
      byTensors.headers.get("x-freshet-prediction-id"),
    ];
    for (const id of ids) {
      const { body } = await api("GET", `/v1/predictions/${id}`);
      const { digest, model: by } = byRows.body.meta;
      expect([by, byRows.body.meta.version]).toEqual([betterModel, betterVersion]);
      expect(body).toMatchObject({ model, version, digest, strategy: "premium" });
      const set = await api("PUT", `/v1/predictions/${id}/outcome`, { value: 3 });
      expect(set.status).toBe(200);
    }
    const listed = await api("GET", `/v1/predictions?model=${model}&version=${version}`);
    expect(listed.body.items.map((one: { id: string }) => one.id)).toEqual(
      expect.arrayContaining(ids),
    );
    const { body } = await api("GET", `/v1/models/${model}/accuracy?by=version`);
    const counted = (body.groups as { key: string; n: number }[]).map(({ key, n }) => [key, n]);
    expect(counted).toEqual([
      ["1", 0],
      [version, 2],
    ]);
  });
});
