import { beforeEach, describe, expect, it } from "vitest";
import { modelBytesKey } from "../../src/core/model/keys.ts";
import { ADMIN_TOKEN, type HttpApp } from "../support/http-app.ts";
import { publish, putDeployment } from "../support/publish.ts";
import { createIrisApp, features, INFER } from "./iris-app.ts";

const SETOSA = [3, 2, 1, 0];
const PREDICT = "/v1/models/iris-logreg/predict";

let app: HttpApp;
beforeEach(async () => {
  app = await createIrisApp();
});

const infer = (path = INFER, inputs: unknown = [features(SETOSA)]) => app.post(path, { inputs });

/** The last event; every prediction has one. */
const told = () => app.events.at(-1);

describe("a prediction that is refused leaves one wide event", () => {
  it("of a model that is not there", async () => {
    const answer = await infer("/v2/models/nobody/infer");
    expect(answer.status).toBe(404);
    expect(app.events).toEqual([
      {
        kind: "inference_refused",
        requestId: answer.headers.get("x-request-id"),
        status: 404,
        code: "model_not_found",
        detail: "there is no model 'nobody'",
        model: "nobody",
        durationMs: 0,
      },
    ]);
  });

  it("of an alias that is not there, and of what is no name", async () => {
    await infer("/v2/models/iris-logreg/versions/gone/infer");
    expect(told()).toMatchObject({ status: 404, code: "alias_not_found", model: "iris-logreg" });
    await infer("/v2/models/-/infer");
    expect(told()).toMatchObject({ status: 400, code: "bad_reference" });
    expect(told()).not.toHaveProperty("model");
  });

  it("of a body that is none of the protocol's, and of one that is too large", async () => {
    await infer(INFER, []);
    expect(told()).toMatchObject({ status: 400, code: "invalid_request", model: "iris-logreg" });
    await app.request(INFER, { method: "POST", body: "x".repeat(100_001) });
    expect(told()).toMatchObject({ status: 413, code: "body_too_large", model: "iris-logreg" });
  });

  it("with the version that was to answer, where it was no lot that chose it", async () => {
    const wrong = [{ ...features(SETOSA), name: "leaves" }];
    await infer(INFER, wrong);
    const event = { kind: "inference_refused", status: 400, code: "invalid_input" };
    expect(told()).toMatchObject({ ...event, version: "1", route: "production:1" });
    await infer("/v2/models/iris-logreg/versions/2/infer", wrong);
    expect(told()).toMatchObject({ ...event, version: "2", route: "2" });
    const split = { production: { "1": 50, "2": 50 } };
    await putDeployment(app.bucket, "divided", 1, split);
    await infer("/v2/models/divided/infer", wrong);
    expect(told()).toMatchObject({ model: "divided", status: 404 });
    expect(told()).not.toHaveProperty("version");
    const route = { "x-freshet-route": "production:2" };
    await app.post("/v2/models/divided/infer", { inputs: wrong }, route);
    expect(told()).toMatchObject({ version: "2", route: "production:2" });
  });

  it("with the store's own words where a cold model gets no answer from it, and the caller without", async () => {
    app.store.break("deployment.json", "denied");
    const answer = await infer();
    expect(answer.status).toBe(503);
    expect(await answer.text()).not.toMatch(/denied|deployment\.json/);
    expect(told()).toMatchObject({
      kind: "inference_refused",
      status: 503,
      code: "store_unavailable",
      model: "iris-logreg",
      detail: expect.stringContaining("deployment.json"),
    });
  });

  it("of rows, too: whole, in lines, or broken off", async () => {
    await app.post("/v1/models/nobody/predict", { rows: [[1]] });
    expect(told()).toMatchObject({ status: 404, code: "model_not_found", model: "nobody" });
    await app.post(PREDICT, { rows: "none" });
    expect(told()).toMatchObject({ status: 400, model: "iris-logreg" });
    await app.post(PREDICT, { columns: { "no such": [1] } });
    expect(told()).toMatchObject({ status: 400, code: "invalid_columns", version: "1" });
    const lines = { "content-type": "application/x-ndjson" };
    await app.request(PREDICT, { method: "POST", body: "nothing\n", headers: lines });
    expect(told()).toMatchObject({ status: 400, code: "invalid_json", version: "1" });
    app.store.break("deployment.json", "denied");
    await app.request("/v1/models/wine/predict", { method: "POST", body: "[1]\n", headers: lines });
    expect(told()).toMatchObject({
      status: 503,
      model: "wine",
      detail: expect.stringContaining("deployment.json"),
    });
  });

  it("of each model of a bundle that does not answer", async () => {
    await publish(app.bucket, "wine", Uint8Array.of(9));
    await app.request("/v1/bundles/flowers", {
      method: "PUT",
      body: JSON.stringify({ references: ["iris-logreg", "wine@1"] }),
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    });
    await app.bucket.delete(modelBytesKey("wine", "1"), { deadlineMs: 1_000 });
    await app.post("/v1/bundles/flowers/predict", { inputs: [features(SETOSA)] });
    const events = app.events.filter(({ kind }) => kind.startsWith("inference"));
    expect(events).toMatchObject([
      { kind: "inference", model: "iris-logreg", predictionId: expect.stringMatching(/^id-/) },
      { kind: "inference_refused", model: "wine", version: "1", status: 503 },
    ]);
    await app.post("/v1/bundles/flowers/predict", { inputs: [] });
    expect(told()).toMatchObject({ kind: "inference_refused", status: 400 });
    await app.post("/v1/bundles/nobody/predict", { inputs: [features(SETOSA)] });
    expect(told()).toMatchObject({ kind: "inference_refused", status: 404 });
  });
});

describe("a prediction that is answered", () => {
  it("is told with the id that the caller got, as is an only row's", async () => {
    const answer = await infer();
    const predictionId = answer.headers.get("x-freshet-prediction-id");
    expect(told()).toMatchObject({ kind: "inference", predictionId });
    const rows = await app.post(PREDICT, { rows: [SETOSA] });
    const { results } = (await rows.json()) as { results: [{ prediction_id: string }] };
    expect(told()).toMatchObject({ kind: "inference", predictionId: results[0].prediction_id });
    await app.post(PREDICT, { rows: [SETOSA, SETOSA] });
    expect(told()).not.toHaveProperty("predictionId");
  });
});
