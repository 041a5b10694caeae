import { describe, expect, it } from "vitest";
import { createMemorySharedCache } from "../../src/adapters/memory/shared-cache.ts";
import { fail, ok } from "../../src/core/model/result.ts";
import type { SharedCache } from "../../src/core/ports/shared-cache.ts";
import { createHttpApp } from "../support/http-app.ts";
import { createIrisApp, features, INFER } from "./iris-app.ts";

const redis = (ping: SharedCache["ping"]): SharedCache => ({
  ...createMemorySharedCache({ now: Date.now }),
  ping,
});

async function read(answer: Response): Promise<{ status: number; body: unknown }> {
  return { status: answer.status, body: await answer.json() };
}

describe("what the server says of itself", () => {
  it("is its name, version and extensions at /v2", async () => {
    const app = createHttpApp();
    expect(await read(await app.request("/v2"))).toEqual({
      status: 200,
      body: {
        name: "freshet",
        version: "1.2.3",
        extensions: [
          "classification",
          "binary_tensor_data",
          "model_repository",
          "model_configuration",
          "statistics",
        ],
      },
    });
  });

  it("is its version and environment at /version", async () => {
    const app = createHttpApp({ settings: { environment: "staging" } });
    const body = { name: "freshet", version: "1.2.3", environment: "staging" };
    expect(await read(await app.request("/version"))).toEqual({ status: 200, body });
  });

  it("is the names of all models in the bucket at /v2/models", async () => {
    const app = await createIrisApp();
    const body = { models: ["iris-logreg"] };
    expect(await read(await app.request("/v2/models"))).toEqual({ status: 200, body });
    const empty = await createHttpApp().request("/v2/models");
    expect(await read(empty)).toEqual({ status: 200, body: { models: [] } });
  });

  it("is the counts of what ran here at /v2/models/stats", async () => {
    const app = await createIrisApp();
    expect((await read(await app.request("/v2/models/stats"))).body).toEqual({ model_stats: [] });
    await app.post(INFER, { inputs: [features([3, 2, 1, 0])] });
    await app.post("/v2/models/iris-logreg/versions/2/infer", {
      inputs: [features([3, 2, 1, 0], [3, 2, 1, 0])],
    });
    expect((await read(await app.request("/v2/models/stats"))).body).toMatchObject({
      model_stats: [
        { name: "iris-logreg", version: "1", inference_count: 1 },
        { name: "iris-logreg", version: "2", inference_count: 2 },
      ],
    });
  });
});

describe("health", () => {
  it("is alive whatever the store does", async () => {
    const app = createHttpApp();
    app.store.break("", "unreachable");
    for (const path of ["/health/live", "/v2/health/live"]) {
      expect(await read(await app.request(path))).toEqual({ status: 200, body: { live: true } });
    }
  });

  it("is ready while the store answers", async () => {
    const app = createHttpApp();
    for (const path of ["/health/ready", "/v2/health/ready"]) {
      expect(await read(await app.request(path))).toEqual({ status: 200, body: { ready: true } });
    }
    expect(await read(await app.request("/health"))).toMatchObject({
      status: 200,
      body: {
        status: "ok",
        ready: true,
        dependencies: { s3: { status: "up" }, redis: { status: "not_configured" } },
        engine: { used_bytes: 0, limit_bytes: 1_000_000 },
        models: { loaded: 0, bytes: 0, budget_bytes: 1_000_000 },
      },
    });
  });

  it("is not ready without a store and a model; the reason holds no key", async () => {
    const app = createHttpApp();
    app.store.break("", "denied");
    for (const path of ["/health/ready", "/v2/health/ready"]) {
      expect(await read(await app.request(path))).toEqual({ status: 503, body: { ready: false } });
    }
    expect(await read(await app.request("/health"))).toMatchObject({
      status: 503,
      body: { status: "down", dependencies: { s3: { status: "down", reason: "denied" } } },
    });
  });

  it("is ready without a store once a model is loaded, and degraded", async () => {
    const app = await createIrisApp();
    await app.post(INFER, { inputs: [features([3, 2, 1, 0])] });
    app.store.break("", "unreachable");
    expect((await app.request("/health/ready")).status).toBe(200);
    expect(await read(await app.request("/health"))).toMatchObject({
      status: 200,
      body: { status: "degraded", ready: true, models: { loaded: 1 } },
    });
  });

  it("is degraded, and ready, without its shared cache", async () => {
    const up = createHttpApp({ sharedCache: redis(async () => ok(undefined)) });
    const down = createHttpApp({
      sharedCache: redis(async () => fail({ reason: "unreachable", detail: "redis.example:1" })),
    });
    expect((await read(await up.request("/health"))).body).toMatchObject({
      status: "ok",
      dependencies: { redis: { status: "up" } },
    });
    const { status, body } = await read(await down.request("/health"));
    expect([status, body]).toMatchObject([
      200,
      { status: "degraded", dependencies: { redis: { status: "down", reason: "unreachable" } } },
    ]);
    expect(JSON.stringify(body)).not.toContain("redis.example");
  });
});

describe("the reference page", () => {
  it("takes every script and document from the server itself", async () => {
    const answer = await createHttpApp().request("/docs");
    expect(answer.headers.get("content-type")).toMatch(/^text\/html/);
    const page = await answer.text();
    expect(page).toContain("/assets/scalar-api-reference.js");
    expect(page).toContain("/openapi.json");
    const sources = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source]) => source);
    expect(sources.filter((source) => !source?.startsWith("/"))).toEqual([]);
  });

  it("is where / leads", async () => {
    const answer = await createHttpApp().request("/");
    expect([answer.status, answer.headers.get("location")]).toEqual([302, "/docs"]);
  });
});
