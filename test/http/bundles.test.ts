import { beforeEach, describe, expect, it } from "vitest";
import { ADMIN_TOKEN, type HttpApp } from "../support/http-app.ts";
import { jsonSender, refusalOf } from "../support/json-answers.ts";
import { jsonBytes } from "../support/publish.ts";
import { createIrisApp, features } from "./iris-app.ts";

const PATH = "/v1/bundles/flowers";
const REFERENCES = ["iris-logreg", "iris-logreg@2", "iris-logreg@3"];

let app: HttpApp;

const send = jsonSender((path, init) => app.request(path, init), ADMIN_TOKEN);
const put = (references: unknown = REFERENCES, headers = {}) =>
  send("PUT", PATH, { references }, headers);

beforeEach(async () => {
  app = await createIrisApp();
});

describe("the routes of bundles", () => {
  it("make, show, replace, list and delete", async () => {
    const body = { references: REFERENCES, description: "three", warm: true };
    const made = await send("PUT", PATH, body);
    expect([made.status, made.body]).toEqual([201, { name: "flowers", ...body, rev: 1 }]);
    const shown = await send("GET", PATH);
    expect(shown.body).toEqual(made.body);
    expect(shown.headers.get("etag")).toBe(made.headers.get("etag"));
    const replaced = await put(["iris-logreg@1"]);
    expect([replaced.status, replaced.body]).toEqual([
      200,
      { name: "flowers", references: ["iris-logreg@1"], rev: 2 },
    ]);
    await send("PUT", "/v1/bundles/all", { references: ["iris-logreg"] });
    const first = await send("GET", "/v1/bundles?limit=1");
    expect(first.body).toMatchObject({ items: [{ name: "all" }] });
    const next = await send("GET", `/v1/bundles?limit=1&cursor=${first.body.next_cursor}`);
    expect(next.body).toEqual({ items: [replaced.body] });
    expect((await send("DELETE", PATH)).status).toBe(204);
    expect(refusalOf(await send("GET", PATH))).toEqual([404, "bundle_not_found"]);
    expect(refusalOf(await send("DELETE", PATH))).toEqual([404, "bundle_not_found"]);
  });

  it("take a bundle back as it was read, while nobody changed it", async () => {
    await put();
    const { body, headers } = await send("GET", PATH);
    const etag = headers.get("etag") ?? "";
    const changed = { ...body, references: ["iris-logreg@1"] };
    // A proxy that compresses makes it weak.
    const first = await send("PUT", PATH, changed, { "if-match": `W/${etag}` });
    expect([first.status, first.body.rev]).toEqual([200, 2]);
    const late = await send("PUT", PATH, body, { "if-match": etag });
    expect(refusalOf(late)).toEqual([412, "precondition_failed"]);
    const wrong = await send("DELETE", PATH, undefined, { "if-match": etag });
    expect(refusalOf(wrong)).toEqual([412, "precondition_failed"]);
    const right = first.headers.get("etag") ?? "";
    expect((await send("DELETE", PATH, undefined, { "if-match": right })).status).toBe(204);
  });

  it("make one only where there is none, or replace one only where there is", async () => {
    expect(refusalOf(await put(REFERENCES, { "if-match": "*" }))[0]).toBe(412);
    expect((await put(REFERENCES, { "if-none-match": "*" })).status).toBe(201);
    expect(refusalOf(await put(["iris-logreg"], { "if-none-match": "*" }))[0]).toBe(412);
    expect((await put(["iris-logreg"], { "if-match": "*" })).status).toBe(200);
    for (const headers of [{ "if-none-match": '"x"' }, { "if-none-match": "*", "if-match": "*" }]) {
      expect(refusalOf(await put(["iris-logreg"], headers))).toEqual([400, "invalid_request"]);
    }
  });

  it.each<[string, unknown, number, string]>([
    [PATH, { references: [] }, 400, "invalid_request"],
    [PATH, { references: ["no such@thing"] }, 400, "invalid_request"],
    [PATH, { references: REFERENCES, wram: true }, 400, "invalid_request"],
    [PATH, { name: "other", references: REFERENCES }, 400, "invalid_request"],
    [PATH, {}, 400, "invalid_request"],
    [PATH, "{", 400, "invalid_json"],
    [PATH, { references: ["iris-logreg", "wine"] }, 422, "unknown_reference"],
    [PATH, { references: ["iris-logreg@canary"] }, 422, "unknown_reference"],
    ["/v1/bundles/-no", { references: REFERENCES }, 400, "bad_reference"],
  ])("refuse PUT %s with %o", async (path, body, status, code) => {
    expect(refusalOf(await send("PUT", path, body))).toEqual([status, code]);
  });

  it("name the reference that is unknown", async () => {
    expect((await put(["iris-logreg", "wine"])).body).toMatchObject({
      detail: "there is no model 'wine'",
      errors: [{ path: "references.1", message: "there is no model 'wine'" }],
    });
  });

  it.each<[string, string, string]>([
    ["GET", PATH, "read"],
    ["GET", "/v1/bundles", "read"],
    ["PUT", PATH, "admin"],
    ["DELETE", PATH, "admin"],
    ["POST", `${PATH}/load`, "admin"],
    ["POST", `${PATH}/predict`, "infer"],
    ["GET", "/v1/cron", "read"],
  ])("%s %s asks for '%s'", async (method, path, scope) => {
    app = await createIrisApp({ publicScopes: new Set() });
    const answer = await send(method, path, undefined, { authorization: "Basic no" });
    expect(answer.body).toMatchObject({
      status: 401,
      detail: expect.stringContaining(`'${scope}'`),
    });
  });

  it.each(["GET", "DELETE"])("%s of a name that is none is refused", async (method) => {
    expect(refusalOf(await send(method, "/v1/bundles/-no"))).toEqual([400, "bad_reference"]);
  });

  it.each(["limit=0", "limit=201", "cursor=%25"])("refuse to list with %s", async (query) => {
    expect((await send("GET", `/v1/bundles?${query}`)).status).toBe(400);
  });

  it("say that the store does not answer, and nothing of its keys", async () => {
    app.store.break("bundles/", "unreachable");
    for (const [method, path] of [
      ["GET", PATH],
      ["GET", "/v1/bundles"],
      ["PUT", PATH],
      ["DELETE", PATH],
      ["POST", `${PATH}/load`],
    ] as const) {
      const answer = await send(
        method,
        path,
        method === "PUT" ? { references: REFERENCES } : undefined,
      );
      expect(refusalOf(answer)).toEqual([503, "store_unavailable"]);
      expect(JSON.stringify(answer.body)).not.toContain("bundles/");
    }
  });

  it("say of a damaged one what to do, which helps", async () => {
    await app.bucket.put("bundles/flowers.json", jsonBytes({ name: 7 }), { deadlineMs: 1 });
    const damaged = await send("GET", PATH);
    expect(refusalOf(damaged)).toEqual([409, "invalid_bundle"]);
    expect(damaged.body.detail).toContain("put it anew");
    expect((await put()).status).toBe(200);
    expect((await send("GET", PATH)).status).toBe(200);
  });
});

describe("POST …/load", () => {
  it("reports each model on its own, and has loaded what it says", async () => {
    await put();
    await app.bucket.put("models/iris-logreg/versions/3/model.onnx", Uint8Array.of(9), {
      deadlineMs: 1,
    });
    const { status, body } = await send("POST", `${PATH}/load`);
    const line = {
      ok: true,
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      memory_bytes: 1,
      duration_ms: 0,
    };
    expect([status, body]).toEqual([
      200,
      {
        bundle: "flowers",
        loaded: 2,
        failed: 1,
        results: [
          { reference: "iris-logreg", version: "1", ...line },
          { reference: "iris-logreg@2", version: "2", ...line },
          {
            reference: "iris-logreg@3",
            ok: false,
            duration_ms: 0,
            error: {
              code: "model_unavailable",
              detail: expect.stringContaining("digest_mismatch"),
            },
          },
        ],
      },
    ]);
    const asked = await app.post("/v2/models/iris-logreg/infer", {
      inputs: [features([1, 2, 3, 4])],
    });
    expect(await asked.json()).toMatchObject({ model_version: "1" });
    expect(asked.headers.get("cache-status")).toContain("model; hit");
  });

  it("is not found where there is no bundle", async () => {
    expect(refusalOf(await send("POST", "/v1/bundles/none/load"))).toEqual([
      404,
      "bundle_not_found",
    ]);
    expect(refusalOf(await send("POST", "/v1/bundles/-/load"))).toEqual([400, "bad_reference"]);
  });
});

describe("POST …/predict", () => {
  const predict = (body: unknown, name = "flowers") =>
    send("POST", `/v1/bundles/${name}/predict`, body);
  const inputs = [features([1, 3, 2, 0])];

  it("has every model's answer to one input, in order, and fails each alone", async () => {
    await put();
    await app.bucket.delete("models/iris-logreg/versions/2/model.onnx", { deadlineMs: 1 });
    const { status, body } = await predict({ inputs });
    const outputs = [
      { name: "label", datatype: "INT64", shape: [1], data: [1] },
      { name: "scores", datatype: "FP32", shape: [1, 3], data: [1, 3, 2] },
      { name: "species", datatype: "BYTES", shape: [1], data: ["versicolor"] },
    ];
    const facts = (version: string, route: string) => ({
      ok: true,
      model: "iris-logreg",
      version,
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      strategy: "fast",
      route,
      cache: "miss",
      prediction_id: expect.stringMatching(/^id-/),
    });
    expect([status, body]).toEqual([
      200,
      {
        results: [
          { reference: "iris-logreg", ...facts("1", "production:1"), outputs },
          {
            reference: "iris-logreg@2",
            ok: false,
            error: { code: "model_unavailable", detail: expect.stringContaining("bytes_missing") },
          },
          { reference: "iris-logreg@3", ...facts("3", "3"), outputs },
        ],
        meta: { bundle: "flowers", request_id: expect.stringMatching(/^id-/) },
      },
    ]);
    const told = app.events.filter(({ kind }) => kind === "inference");
    expect(told).toMatchObject([{ version: "1" }, { version: "3" }]);
  });

  it("gives only the outputs that are asked for, as classes where wanted", async () => {
    await put(["iris-logreg"]);
    const wanted = [{ name: "scores", parameters: { classification: 1 } }];
    const { body } = await predict({ inputs, outputs: wanted });
    expect(body.results).toMatchObject([
      { outputs: [{ name: "scores", datatype: "BYTES", data: ["3.000000:1:versicolor"] }] },
    ]);
    const wrong = await predict({
      inputs,
      outputs: [{ name: "species", parameters: { classification: 1 } }],
    });
    expect(wrong.body.results).toMatchObject([{ ok: false, error: { code: "invalid_request" } }]);
  });

  it("refuses as a whole what is no input for any model", async () => {
    await put(["iris-logreg"]);
    for (const body of [
      "{",
      {},
      { inputs: [] },
      { inputs, parameters: { binary_data_output: true } },
    ]) {
      expect((await predict(body)).status).toBe(400);
    }
    expect((await predict("x".repeat(100_001))).status).toBe(413);
  });

  it("lets a model fail alone that does not take the input", async () => {
    await put(["iris-logreg"]);
    const { status, body } = await predict({ inputs: [{ ...inputs[0], name: "x" }] });
    expect([status, body.results]).toEqual([
      200,
      [
        {
          reference: "iris-logreg",
          ok: false,
          error: { code: "invalid_input", detail: expect.stringContaining("'features'") },
        },
      ],
    ]);
  });

  it("is not found where there is no bundle", async () => {
    expect(refusalOf(await predict({ inputs }, "none"))).toEqual([404, "bundle_not_found"]);
    expect(refusalOf(await predict({ inputs }, "-"))).toEqual([400, "bad_reference"]);
  });

  it("asks the bucket for a bundle once, and goes on while it is silent", async () => {
    await put(["iris-logreg"]);
    await predict({ inputs });
    app.store.break("bundles/", "unreachable");
    await app.clock.advance(60_000);
    expect((await predict({ inputs })).status).toBe(200);
    await app.background();
    expect((await predict({ inputs })).status).toBe(200);
  });
});

describe("POST /v1/cache/refresh/{name} with a bundle's name", () => {
  it("asks about each of its models once, and tells of each", async () => {
    await put();
    const refreshed = await send("POST", "/v1/cache/refresh/flowers");
    expect(refreshed.body).toMatchObject({
      results: [{ model: "iris-logreg", changed: false }],
      reach: "isolate",
    });
    await app.bucket.delete("models/iris-logreg/deployment.json", { deadlineMs: 1 });
    await send("POST", "/v1/cache/refresh/flowers");
    const gone = await send("POST", "/v1/cache/refresh/flowers");
    expect(gone.body.results).toMatchObject([
      { model: "iris-logreg", reason: expect.stringContaining("model_not_found") },
    ]);
  });

  it("is not found where there is neither, and tells a damaged one", async () => {
    expect((await send("POST", "/v1/cache/refresh/flowers")).status).toBe(404);
    await app.bucket.put("bundles/flowers.json", jsonBytes({}), { deadlineMs: 1 });
    expect(refusalOf(await send("POST", "/v1/cache/refresh/flowers"))).toEqual([
      409,
      "invalid_bundle",
    ]);
  });
});

describe("GET /v1/cron", () => {
  it("answers that there was no tick yet", async () => {
    expect((await send("GET", "/v1/cron")).body).toEqual({
      crons: [
        { cron: "* * * * *", does: "refresh, then warm", from: null, last: null },
        { cron: "0 * * * *", does: "back up, archive records", from: null, last: null },
      ],
      redis: "not_configured",
    });
  });
});
