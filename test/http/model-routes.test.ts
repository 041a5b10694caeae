import { beforeEach, describe, expect, it } from "vitest";
import type { HttpApp } from "../support/http-app.ts";
import { putDeployment } from "../support/publish.ts";
import { createIrisApp, errorOf } from "./iris-app.ts";

const MODEL = "/v2/models/iris-logreg";

describe("the pages of a model", () => {
  let app: HttpApp;
  beforeEach(async () => {
    app = await createIrisApp();
  });

  const read = async (path: string) => {
    const answer = await app.request(path);
    expect([path, answer.status]).toEqual([path, 200]);
    return answer.json();
  };

  it("tell its inputs, outputs and versions", async () => {
    expect(await read(MODEL)).toEqual({
      name: "iris-logreg",
      versions: ["1", "2", "3"],
      platform: "onnxruntime_onnx",
      inputs: [{ name: "features", datatype: "FP32", shape: [-1, 4] }],
      outputs: [
        { name: "label", datatype: "INT64", shape: [-1] },
        { name: "scores", datatype: "FP32", shape: [-1, 3] },
        { name: "species", datatype: "BYTES", shape: [-1] },
      ],
      parameters: {
        version: "1",
        digest: expect.stringMatching(/^[0-9a-f]{64}$/),
        task: "classification",
        classes: ["setosa", "versicolor", "virginica"],
        description: "three species",
      },
    });
  });

  it.each([
    ["3", "3"],
    ["staging", "2"],
    ["production", "1"],
  ])("of %s are those of version %s", async (selector, version) => {
    expect(await read(`${MODEL}/versions/${selector}`)).toMatchObject({
      versions: [version],
      parameters: { version },
    });
    expect(await read(`${MODEL}/versions/${selector}/ready`)).toEqual({
      name: "iris-logreg",
      version,
      ready: true,
    });
    expect(await read(`${MODEL}/versions/${selector}/config`)).toMatchObject({
      version_policy: { specific: { versions: [Number(version)] } },
    });
    expect(await read(`${MODEL}/versions/${selector}/stats`)).toMatchObject({
      model_stats: [{ name: "iris-logreg", version, inference_count: 0 }],
    });
  });

  it("tell its configuration in Triton's words", async () => {
    expect(await read(`${MODEL}/config`)).toEqual({
      name: "iris-logreg",
      platform: "onnxruntime_onnx",
      backend: "onnxruntime",
      version_policy: { specific: { versions: [1] } },
      max_batch_size: 0,
      input: [{ name: "features", data_type: "TYPE_FP32", dims: [-1, 4] }],
      output: [
        { name: "label", data_type: "TYPE_INT64", dims: [-1] },
        { name: "scores", data_type: "TYPE_FP32", dims: [-1, 3] },
        { name: "species", data_type: "TYPE_STRING", dims: [-1] },
      ],
    });
  });

  it("go on when the store is gone, with the version that is loaded", async () => {
    await read(MODEL);
    app.store.break("", "unreachable");
    expect(await read(MODEL)).toMatchObject({ versions: ["1"], parameters: { version: "1" } });
  });

  const suffixes = ["", "/ready", "/config", "/stats"];

  it.each(suffixes)("at '%s' are refused for what does not exist", async (suffix) => {
    const cases: readonly (readonly [string, number, RegExp])[] = [
      ["/v2/models/nobody", 404, /there is no model 'nobody'/],
      [`${MODEL}/versions/9`, 404, /has no version '9'/],
      [`${MODEL}/versions/canary`, 404, /no alias 'canary'; it has production, staging/],
      [`${MODEL}/versions/0`, 400, /neither a version.*nor an alias/],
      [`${MODEL}/versions/V1`, 400, /neither a version.*nor an alias/],
      ["/v2/models/-bad", 400, /not a model name/],
      ["/v2/models/a%2Fb", 400, /not a model name/],
      ["/v2/models/%F0%9F%8D%8E", 400, /not a model name/],
    ];
    for (const [path, status, message] of cases) {
      const answer = await app.request(`${path}${suffix}`);
      expect([path, answer.status]).toEqual([path, status]);
      expect(await errorOf(answer)).toMatch(message);
    }
  });

  it.each(suffixes)(
    "at '%s' ask for another try when the store does not answer",
    async (suffix) => {
      app.store.break("iris-logreg/deployment.json", "unreachable");
      const answer = await app.request(`${MODEL}${suffix}`);
      expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
      expect(await errorOf(answer)).not.toContain("deployment.json");
    },
  );

  it("say why a version cannot be served, and for how long not to ask", async () => {
    await putDeployment(app.bucket, "iris-logreg", 2, { production: { "1": 100 } });
    await app.bucket.put("models/iris-logreg/versions/1/model.onnx", Uint8Array.of(9), {
      deadlineMs: 1_000,
    });
    const answer = await app.request(`${MODEL}/ready`);
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "30"]);
    expect(await errorOf(answer)).toMatch(/version '1' cannot be served \(digest_mismatch\)/);
  });
});
