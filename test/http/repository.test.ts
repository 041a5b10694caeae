import { beforeEach, describe, expect, it } from "vitest";
import { ADMIN_TOKEN, type HttpApp } from "../support/http-app.ts";
import { putDeployment, putVersion } from "../support/publish.ts";
import { createIrisApp, errorOf, features, INFER } from "./iris-app.ts";

const INDEX = "/v2/repository/index";
const ADMIN = { authorization: `Bearer ${ADMIN_TOKEN}` };
const NOT_LOADED = "not loaded in this isolate: the first request loads it";

describe("the repository", () => {
  let app: HttpApp;
  beforeEach(async () => {
    app = await createIrisApp();
  });

  const infer = () => app.post(INFER, { inputs: [features([3, 2, 1, 0])] });
  const control = (verb: "load" | "unload", model = "iris-logreg") =>
    app.request(`/v2/repository/models/${model}/${verb}`, { method: "POST", headers: ADMIN });
  const index = async (body?: unknown) => {
    const answer =
      body === undefined
        ? await app.request(INDEX, { method: "POST" })
        : await app.post(INDEX, body);
    expect(answer.status).toBe(200);
    return answer.json();
  };
  const entry = (version: string, state = "UNAVAILABLE", reason = NOT_LOADED) => ({
    name: "iris-logreg",
    version,
    state,
    reason,
  });

  it("lists every version and its state here", async () => {
    expect(await index()).toEqual([entry("1"), entry("2"), entry("3")]);
    await infer();
    expect(await index({})).toEqual([entry("1", "READY", ""), entry("2"), entry("3")]);
  });

  it("lists only what is ready when asked to", async () => {
    await infer();
    expect(await index({ ready: true })).toEqual([entry("1", "READY", "")]);
    expect(await index({ ready: false })).toHaveLength(3);
  });

  it("says why a version is broken", async () => {
    await putVersion(app.bucket, "iris-logreg", "4", Uint8Array.of(4), {
      digest: "0".repeat(64),
    });
    await app.request("/v2/models/iris-logreg/versions/4/ready");
    expect(await index()).toContainEqual(
      entry("4", "UNAVAILABLE", expect.stringMatching(/^digest_mismatch: /)),
    );
  });

  it("shows a version that is being loaded", async () => {
    const gate = app.store.holdNext("versions/1/model.onnx");
    const waiting = infer();
    await expect.poll(async () => index()).toContainEqual(entry("1", "LOADING", "being loaded"));
    gate.open();
    expect((await waiting).status).toBe(200);
  });

  it.each([
    ["no JSON", "{", /not valid JSON/],
    ["a list", "[]", /must be an object/],
    ["a word", '{"ready": "yes"}', /'ready' must be true or false/],
  ])("refuses a filter that is %s", async (_what, body, message) => {
    const answer = await app.request(INDEX, { method: "POST", body });
    expect([answer.status, await errorOf(answer)]).toEqual([400, expect.stringMatching(message)]);
  });

  it("loads a model before the first request asks for it", async () => {
    const loaded = await control("load");
    expect([loaded.status, await loaded.json()]).toEqual([200, {}]);
    expect((await infer()).headers.get("cache-status")).toBe("model; hit");
  });

  it("loads what the deployment says now, not what it said", async () => {
    await infer();
    await putDeployment(app.bucket, "iris-logreg", 2, { production: { "2": 100 } });
    expect((await infer()).headers.get("x-freshet-version")).toBe("1");
    await control("load");
    expect((await infer()).headers.get("x-freshet-version")).toBe("2");
  });

  it("lets go of a model; the next request loads it again", async () => {
    await infer();
    const unloaded = await control("unload");
    expect([unloaded.status, await unloaded.json()]).toEqual([200, {}]);
    expect(await index({ ready: true })).toEqual([]);
    expect(app.events.at(-1)).toMatchObject({ kind: "version_released", why: "unloaded" });
    expect((await infer()).headers.get("cache-status")).toBe("model; fwd=miss; stored");
  });

  it("unloads what is not loaded without complaint", async () => {
    expect((await control("unload", "nobody")).status).toBe(200);
  });

  it("refuses to load or unload what is no model", async () => {
    expect((await control("load", "nobody")).status).toBe(404);
    for (const verb of ["load", "unload"] as const) {
      const answer = await control(verb, "-bad");
      expect([answer.status, await errorOf(answer)]).toEqual([
        400,
        expect.stringMatching(/model name/),
      ]);
    }
  });

  it("says that the store does not answer", async () => {
    app.store.break("", "unreachable");
    for (const answer of [await app.request(INDEX, { method: "POST" }), await control("load")]) {
      expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
    }
  });
});
