import { gzipSync } from "node:zlib";
import { beforeEach, describe, expect, it } from "vitest";
import { listKeys } from "../../../src/core/lifecycle/list-keys.ts";
import { refusalOf } from "../../support/json-answers.ts";
import { must } from "../../support/must.ts";
import { createRegistryApp, MODEL, type RegistryApp } from "../../support/registry-http.ts";
import { registryModel } from "../../support/registry-models.ts";

let registry: RegistryApp;

const VERSIONS = `${MODEL}/versions`;
const BYTES = { "content-type": "application/octet-stream" };
const post = (body: unknown, headers: Record<string, string> = {}, path = VERSIONS) =>
  registry.send("POST", path, body, headers);
const form = (parts: Readonly<Record<string, string | Blob>>): FormData => {
  const data = new FormData();
  for (const [name, part] of Object.entries(parts)) data.set(name, part);
  return data;
};
const file = (label = "a") => new Blob([registryModel(label)]);
const keys = async () => must(await listKeys(registry.app.bucket, "models/"));

beforeEach(() => {
  registry = createRegistryApp();
});

describe("POST /v1/models/{model}/versions", () => {
  it("answers 201 with the version and where it is", async () => {
    const answer = await registry.publish("a");
    expect([answer.status, answer.headers.get("location")]).toEqual([201, `${VERSIONS}/1`]);
    expect(answer.body).toMatchObject({
      name: "m",
      version: "1",
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      etag: expect.any(String),
      size_bytes: registryModel("a").byteLength,
      peak_memory_bytes: 100,
      inputs: [{ name: "x", datatype: "FP32", shape: [-1, 2] }],
      aliases: ["production"],
    });
  });

  it("answers 200 with the version that the same bytes are", async () => {
    const first = await registry.publish("a");
    const again = await registry.publish("a");
    expect([again.status, again.body, again.headers.get("location")]).toEqual([
      200,
      first.body,
      `${VERSIONS}/1`,
    ]);
  });

  it("takes a form with the file and what is known of it", async () => {
    const manifest = JSON.stringify({ task: "regression", metrics: { rmse: 1.5 } });
    const answer = await post(form({ model: file(), manifest }));
    expect(answer.status).toBe(201);
    const shown = await registry.send("GET", `${VERSIONS}/1`);
    expect(shown.body).toMatchObject({ task: "regression", metrics: { rmse: 1.5 } });
    const asFile = form({ model: file("b"), manifest: new Blob([manifest]) });
    expect((await post(asFile)).status).toBe(201);
  });

  it("takes a file without a content type, and one packed with gzip", async () => {
    const plain = await registry.publish("a");
    const packed = await post(new Uint8Array(gzipSync(registryModel("a"))), {
      ...BYTES,
      "content-encoding": "gzip",
    });
    expect([packed.status, packed.body.digest]).toEqual([200, plain.body.digest]);
    expect((await post(registryModel("b"))).status).toBe(201);
  });

  it("moves an alias to it when asked, past a changed interface only by force", async () => {
    await registry.publish("a");
    const staged = await registry.publish("b", "?alias=staging");
    expect([staged.status, staged.body.aliases]).toEqual([201, ["staging"]]);
    const other = registryModel("c", { input: "y" });
    const refused = await post(other, BYTES, `${VERSIONS}?alias=staging`);
    expect(refusalOf(refused)).toEqual([409, "incompatible_schema"]);
    expect(refused.body.errors).toContainEqual({ path: "inputs.x", message: "is gone" });
    const forced = await post(other, BYTES, `${VERSIONS}?alias=staging&force=true`);
    expect([forced.status, forced.body.aliases]).toEqual([201, ["staging"]]);
  });

  it("says in the history who published, as the token's owner names them", async () => {
    await post(registryModel("a"), { ...BYTES, "x-freshet-actor": " ci " });
    await post(
      registryModel("b"),
      { ...BYTES, "x-freshet-actor": "caf\u00e9" },
      `${VERSIONS}?alias=x`,
    );
    const { body } = await registry.send("GET", `${MODEL}/history`);
    expect(body.items).toMatchObject([{ actor: "admin" }, { actor: "admin (ci)" }]);
  });

  it.each<[string, () => unknown, Record<string, string>, number, string, RegExp]>([
    ["an empty body", () => "", BYTES, 400, "invalid_request", /body is empty/],
    ["text", () => "x", { "content-type": "text/plain" }, 415, "unsupported_media_type", /octet/],
    [
      "an unknown coding",
      () => "x",
      { ...BYTES, "content-encoding": "br" },
      415,
      "unsupported_encoding",
      /gzip/,
    ],
    [
      "damaged gzip",
      () => "x",
      { ...BYTES, "content-encoding": "gzip" },
      400,
      "bad_encoding",
      /not valid gzip/,
    ],
    ["what is no model", () => "<html>", BYTES, 422, "invalid_model", /web page/],
    [
      "no form",
      () => "x",
      { "content-type": "multipart/form-data; boundary=b" },
      400,
      "invalid_request",
      /7578/,
    ],
    [
      "a form without a file",
      () => form({ manifest: "{}" }),
      {},
      400,
      "invalid_request",
      /no part 'model'/,
    ],
    [
      "a form with an empty file",
      () => form({ model: new Blob([]) }),
      {},
      400,
      "invalid_request",
      /'model' is empty/,
    ],
    [
      "a manifest that is no JSON",
      () => form({ model: file(), manifest: "{" }),
      {},
      400,
      "invalid_json",
      /the part 'manifest'/,
    ],
  ])("refuses %s, and leaves nothing", async (_what, body, headers, status, code, detail) => {
    const answer = await post(body(), headers);
    expect(refusalOf(answer)).toEqual([status, code]);
    expect(answer.body.detail).toMatch(detail);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(await keys()).toEqual([]);
  });

  it("names every field of the manifest that is wrong or unknown", async () => {
    const manifest = JSON.stringify({ taks: "regression", classes: ["a", 1], tags: { a: 1 } });
    const answer = await post(form({ model: file(), manifest }));
    expect(refusalOf(answer)).toEqual([400, "invalid_request"]);
    expect(answer.body.errors).toEqual([
      { path: "classes.1", message: expect.any(String) },
      { path: "tags.a", message: expect.any(String) },
      { path: "taks", message: expect.stringContaining("taks") },
    ]);
    expect(await keys()).toEqual([]);
  });

  it("refuses with the figure what no engine could load", async () => {
    const most = Math.floor(10_000_000 / 3.1);
    const answers = [
      await post(new Uint8Array(most + 1), BYTES),
      await post(form({ model: new Blob([new Uint8Array(most + 1)]) })),
      await post(new Uint8Array(most + 2_000_000), {
        "content-type": "multipart/form-data; boundary=b",
      }),
      await post(new Uint8Array(gzipSync(new Uint8Array(most + 1))), {
        "content-encoding": "gzip",
      }),
    ];
    for (const answer of answers) {
      expect(refusalOf(answer)).toEqual([413, "model_too_large"]);
      expect(answer.body.detail).toContain(`larger than ${most} bytes`);
    }
  });

  it("refuses with the figures what is over the budget", async () => {
    registry.engine.memoryOf = () => 1_000_001;
    const answer = await registry.publish("a");
    expect(refusalOf(answer)).toEqual([422, "model_too_large"]);
    expect(answer.body.detail).toContain("1000001 bytes of memory; the budget is 1000000");
  });

  it("refuses a sample that comes out otherwise", async () => {
    const x = { name: "x", datatype: "FP32", shape: [1, 2], data: [1, 2] };
    const sample = {
      inputs: [x],
      outputs: [{ name: "sum", datatype: "FP32", shape: [1], data: [4] }],
    };
    const answer = await post(form({ model: file(), manifest: JSON.stringify({ sample }) }));
    expect(refusalOf(answer)).toEqual([422, "sample_mismatch"]);
    expect(answer.body.detail).toBe("output 'sum': element 0 is 3, the sample says 4");
  });

  it.each([
    ["/v1/models/-m/versions", ""],
    [VERSIONS, "?alias=Staging"],
    [VERSIONS, "?alias="],
    [VERSIONS, "?alias=2"],
  ])("refuses the names of %s%s", async (path, query) => {
    const answer = await post(registryModel("a"), BYTES, `${path}${query}`);
    expect(refusalOf(answer)).toEqual([400, "bad_reference"]);
  });

  it("says to try again when the store does not answer, and names neither key nor host", async () => {
    registry.app.store.break("put m/versions", "unreachable");
    const answer = await registry.publish("a");
    expect(refusalOf(answer)).toEqual([503, "store_unavailable"]);
    expect(answer.headers.get("retry-after")).toBe("1");
    expect(JSON.stringify(answer.body)).not.toContain("model.onnx");
    registry.app.store.mend();
    expect((await registry.publish("a")).status).toBe(201);
  });

  it("is served at once by the isolate that had looked for it in vain", async () => {
    const infer = () =>
      registry.app.post("/v2/models/m/infer", {
        inputs: [{ name: "x", datatype: "FP32", shape: [1, 2], data: [1, 2] }],
      });
    expect((await infer()).status).toBe(404);
    await registry.publish("a");
    expect((await infer()).status).toBe(200);
    await registry.publish("b", "?alias=production");
    await registry.app.background();
    expect((await infer()).headers.get("x-freshet-version")).toBe("2");
  });
});
