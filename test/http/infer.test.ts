import { beforeEach, describe, expect, it } from "vitest";
import type { HttpApp } from "../support/http-app.ts";
import { createIrisApp, errorOf, features, INFER } from "./iris-app.ts";

const SETOSA = [3, 2, 1, 0];
const VIRGINICA = [1, 2, 3, 0];

describe("an inference in JSON", () => {
  let app: HttpApp;
  beforeEach(async () => {
    app = await createIrisApp();
  });

  const infer = (request: object, path = INFER) => app.post(path, request);

  it("is answered with every output, row-major, and what produced it", async () => {
    const answer = await infer({ inputs: [features(SETOSA, VIRGINICA)] });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(await answer.json()).toEqual({
      model_name: "iris-logreg",
      model_version: "1",
      parameters: {
        digest: expect.stringMatching(/^[0-9a-f]{64}$/),
        strategy: "fast",
        route: "production:1",
        cache: "miss",
        prediction_id: "id-2",
        request_id: "id-1",
      },
      outputs: [
        { name: "label", datatype: "INT64", shape: [2], data: [0, 2] },
        { name: "scores", datatype: "FP32", shape: [2, 3], data: [3, 2, 1, 1, 2, 3] },
        { name: "species", datatype: "BYTES", shape: [2], data: ["setosa", "virginica"] },
      ],
    });
  });

  it("says in its headers what its body says", async () => {
    const answer = await infer({ inputs: [features(SETOSA)] });
    const { parameters } = (await answer.json()) as { parameters: Record<string, string> };
    const header = (name: string) => answer.headers.get(name);
    expect(header("x-freshet-model")).toBe("iris-logreg");
    expect(header("x-freshet-version")).toBe("1");
    expect(header("x-freshet-digest")).toBe(parameters.digest);
    expect(header("x-freshet-strategy")).toBe(parameters.strategy);
    expect(header("x-freshet-route")).toBe(parameters.route);
    expect(header("x-freshet-prediction-id")).toBe(parameters.prediction_id);
    expect(header("x-request-id")).toBe(parameters.request_id);
    expect(header("etag")).toMatch(/^".+"$/);
    expect(header("cache-status")).toBe("model; fwd=miss; stored");
    expect(header("server-timing")).toMatch(/^acquire;dur=\d+, run;dur=\d+$/);
    const again = await infer({ inputs: [features(SETOSA)] });
    expect(again.headers.get("cache-status")).toBe("model; hit");
    expect(again.headers.get("etag")).toBe(header("etag"));
  });

  it("tells the log the same, and no data", async () => {
    const answer = await infer({ inputs: [features([3.25, 0, 0, 0])] });
    expect(app.events.at(-1)).toEqual({
      kind: "inference",
      requestId: answer.headers.get("x-request-id"),
      predictionId: answer.headers.get("x-freshet-prediction-id"),
      model: "iris-logreg",
      version: "1",
      digest: answer.headers.get("x-freshet-digest"),
      strategy: "fast",
      route: "production:1",
      cache: "off",
      tier: "none",
      modelCache: "miss",
      durationMs: 0,
    });
    expect(JSON.stringify(app.events)).not.toContain("3.25");
  });

  it.each([
    ["/v2/models/iris-logreg/versions/2/infer", "2", "2"],
    ["/v2/models/iris-logreg/versions/3/infer", "3", "3"],
    ["/v2/models/iris-logreg/versions/staging/infer", "2", "staging:2"],
    ["/v2/models/iris-logreg/versions/production/infer", "1", "production:1"],
  ])("at %s is answered by version %s", async (path, version, route) => {
    const answer = await infer({ inputs: [features(SETOSA)] }, path);
    expect(answer.headers.get("x-freshet-version")).toBe(version);
    expect(answer.headers.get("x-freshet-route")).toBe(route);
    expect(await answer.json()).toMatchObject({ model_version: version });
  });

  it("echoes its id as it came, and none when there is none", async () => {
    const id = 'a "quoted" id \u2028 é';
    const answer = await infer({ id, inputs: [features(SETOSA)] });
    expect(await answer.json()).toMatchObject({ id });
    const without = await infer({ inputs: [features(SETOSA)] });
    expect(await without.json()).not.toHaveProperty("id");
  });

  it("gives the outputs that are named, in the order they are named", async () => {
    const names = async (outputs: unknown) => {
      const answer = await infer({ inputs: [features(SETOSA)], outputs });
      const body = (await answer.json()) as { outputs: { name: string }[] };
      return body.outputs.map(({ name }) => name);
    };
    expect(await names([{ name: "scores" }, { name: "label" }])).toEqual(["scores", "label"]);
    expect(await names([])).toEqual(["label", "scores", "species"]);
  });

  it("classifies the output that asks for it, with the manifest's class names", async () => {
    const outputs = [{ name: "scores", parameters: { classification: 2 } }, { name: "label" }];
    const answer = await infer({ inputs: [features(SETOSA, VIRGINICA)], outputs });
    expect(await answer.json()).toMatchObject({
      outputs: [
        {
          name: "scores",
          datatype: "BYTES",
          shape: [2, 2],
          data: [
            "3.000000:0:setosa",
            "2.000000:1:versicolor",
            "3.000000:2:virginica",
            "2.000000:1:versicolor",
          ],
        },
        { name: "label", datatype: "INT64", data: [0, 2] },
      ],
    });
  });

  it.each([
    ["an unknown output", { outputs: [{ name: "scroes" }] }, /'scroes'.*'label', 'scores'/],
    ["an output twice", { outputs: [{ name: "label" }, { name: "label" }] }, /asked for twice/],
    [
      "classes of text",
      { outputs: [{ name: "species", parameters: { classification: 1 } }] },
      /needs numbers/,
    ],
    ["no classes", { outputs: [{ name: "scores", parameters: { classification: 0 } }] }, /from 1/],
    ["an input twice", { inputs: [features(SETOSA), features(SETOSA)] }, /given twice/],
    ["an unknown input", { inputs: [{ ...features(SETOSA), name: "x" }] }, /'features' is missing/],
    [
      "one input too many",
      { inputs: [features(SETOSA), { ...features(SETOSA), name: "x" }] },
      /'x' is not one of the model's/,
    ],
    ["another datatype", { inputs: [{ ...features(SETOSA), datatype: "FP64" }] }, /takes FP32/],
    [
      "another shape",
      { inputs: [{ ...features(SETOSA), shape: [2, 2] }] },
      /dimension 1 must be 4/,
    ],
    ["no inputs", { inputs: [] }, /at least one/],
    ["an id that is no text", { id: 7 }, /id must be a string/],
    ["values the graph refuses", { inputs: [features([-1, 0, 0, 0])] }, /a -1/],
    ["values too large for it", { inputs: [features([-2, 0, 0, 0])] }, /a -2/],
  ])("is refused for %s, saying so", async (_what, changes, message) => {
    const answer = await infer({ inputs: [features(SETOSA)], ...changes });
    expect([answer.status, await errorOf(answer)]).toEqual([400, expect.stringMatching(message)]);
  });

  it("that fails is counted apart from those that do not", async () => {
    await infer({ inputs: [features(SETOSA, VIRGINICA)] });
    await infer({ inputs: [features([-1, 0, 0, 0])] });
    const stats = await app.request("/v2/models/iris-logreg/stats");
    expect(await stats.json()).toMatchObject({
      model_stats: [
        {
          name: "iris-logreg",
          version: "1",
          inference_count: 2,
          execution_count: 1,
          last_inference: app.clock.now(),
          inference_stats: { success: { count: 1 }, fail: { count: 1 } },
        },
      ],
    });
  });
});
