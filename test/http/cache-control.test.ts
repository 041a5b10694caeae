import { beforeEach, describe, expect, it } from "vitest";
import { createMemorySharedCache } from "../../src/adapters/memory/shared-cache.ts";
import { deploymentKey } from "../../src/core/model/keys.ts";
import { fakeModel, zeros } from "../support/ask.ts";
import { type ChaosCache, createChaosCache } from "../support/chaos-cache.ts";
import { ADMIN_TOKEN, createHttpApp, type HttpApp } from "../support/http-app.ts";
import { publish, putDeployment, putVersion } from "../support/publish.ts";

const ADMIN = { authorization: `Bearer ${ADMIN_TOKEN}` };

/** What of the answers is looked into. */
interface Body {
  readonly code?: string;
  readonly results?: readonly object[];
  readonly models: readonly { readonly degraded?: object; readonly settings?: object }[];
  readonly isolate: { readonly models: { readonly entries: number } };
}

let app: HttpApp;
let cache: ChaosCache;

const infer = async (word = "iris") => {
  const { name, datatype, shape, data } = zeros();
  const inputs = [{ name, datatype, shape, data: Array.from(data as Float32Array) }];
  const answer = await app.post(`/v2/models/${word}/infer`, { inputs });
  return `${answer.status} ${answer.headers.get("x-freshet-version")}`;
};

async function send(method: string, path: string, body?: unknown) {
  const init = {
    method,
    headers: ADMIN,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
  const answer = await app.request(path, init);
  await app.background();
  return { status: answer.status, body: (await answer.json()) as Body };
}

const status = async () => (await send("GET", "/v1/cache/status")).body;

beforeEach(async () => {
  cache = createChaosCache(createMemorySharedCache({ now: () => 0 }));
  app = createHttpApp({ sharedCache: cache });
  for (const model of ["iris", "wine"]) {
    await publish(app.bucket, model, fakeModel(1, 10));
    expect(await infer(model)).toBe("200 1");
    expect(await infer(model)).toBe("200 1");
  }
  await app.background();
});

describe("GET /v1/cache/status", () => {
  it("tells each tier, each model, the epoch and the settings that hold", async () => {
    expect(await status()).toMatchObject({
      isolate: { models: { entries: 2, max_bytes: 1_000_000, errors: 0 } },
      models: [
        {
          name: "iris",
          version: "1",
          digest: expect.stringMatching(/^[0-9a-f]{64}$/),
          etag: expect.stringMatching(/^"/),
          loaded_at: "2023-11-14T22:13:20.000Z",
          checked_at: "2023-11-14T22:13:20.000Z",
          last_used_at: "2023-11-14T22:13:20.000Z",
          memory_bytes: expect.any(Number),
          settings: { revalidate_ms: 5_000, strict_freshness: false, use_cache: false },
        },
        { name: "wine", version: "1" },
      ],
      epoch: 0,
      settings: { USE_CACHE: true, REVALIDATE_MS: 5_000 },
    });
  });

  it("gives a model's settings as they hold: what its deployment says over the Worker's", async () => {
    const settings = {
      policy: { revalidate_ms: 1_000, strict_freshness: true },
      batching: { max_batch_size: 32 },
    };
    await putDeployment(app.bucket, "iris", 2, { production: { "1": 100 } }, settings);
    await send("POST", "/v1/cache/refresh/iris");
    const [iris, wine] = (await status()).models;
    expect(iris?.settings).toEqual({
      check_freshness: true,
      revalidate_ms: 1_000,
      max_stale_ms: 3_600_000,
      strict_freshness: true,
      force_reload: false,
      use_cache: false,
      batching: { max_batch_size: 32, min_concurrency: 16 },
    });
    expect(wine?.settings).toMatchObject({ revalidate_ms: 5_000, strict_freshness: false });
  });

  it("says why a model goes on with what it had", async () => {
    await putDeployment(app.bucket, "iris", 2, { production: { "2": 100 } });
    const refreshed = await send("POST", "/v1/cache/refresh/iris");
    expect(refreshed.body.results).toEqual([
      {
        model: "iris",
        from: { production: { "1": 100 } },
        to: { production: { "1": 100 } },
        changed: false,
        reason: expect.stringContaining("version_not_found"),
      },
    ]);
    const [iris] = (await status()).models;
    expect(iris?.degraded).toMatchObject({
      reason: "version_not_found",
      detail: expect.any(String),
    });
    expect(await infer()).toBe("200 1");
  });
});

describe("a model whose requests are refused", () => {
  it("is degraded in the status with what they are refused for, and refresh answers it", async () => {
    await putVersion(app.bucket, "big", "1", fakeModel(1, 10), { digest: "0".repeat(64) });
    await putDeployment(app.bucket, "big", 1, { production: { "1": 100 } });
    expect(await infer("big")).toBe("503 null");
    const big = async () => (await status()).models[0];
    expect(await big()).toMatchObject({
      name: "big",
      version: null,
      degraded: { reason: "digest_mismatch", since: expect.stringMatching(/Z$/) },
    });
    const { body } = await send("POST", "/v1/cache/refresh/big");
    expect(body.results).toMatchObject([
      {
        model: "big",
        changed: false,
        reason: expect.stringMatching(/^digest_mismatch: version 1/),
      },
    ]);
    await putVersion(app.bucket, "big", "1", fakeModel(1, 10));
    expect((await send("POST", "/v1/cache/refresh/big")).body.results?.[0]).not.toHaveProperty(
      "reason",
    );
    expect(await big()).not.toHaveProperty("degraded");
  });

  it("is told to have no deployment any more", async () => {
    await app.bucket.delete(deploymentKey("iris"), { deadlineMs: 1_000 });
    const { body } = await send("POST", "/v1/cache/refresh/iris");
    expect(body.results).toEqual([
      {
        model: "iris",
        from: { production: { "1": 100 } },
        to: null,
        changed: true,
        reason: expect.stringMatching(/^pointer_missing: /),
      },
    ]);
    expect(app.events).toContainEqual(
      expect.objectContaining({ kind: "deployment_gone", model: "iris", rev: 1 }),
    );
    expect((await status()).models[0]).toMatchObject({
      name: "iris",
      degraded: { reason: "pointer_missing" },
    });
    expect(await infer()).toBe("404 null");
  });
});

describe("POST /v1/cache/clear", () => {
  it("forgets sessions here, and tells the other isolates", async () => {
    const { body } = await send("POST", "/v1/cache/clear", { model: "iris" });
    expect(body).toMatchObject({ what: "all", model: "iris", epoch: 1, reach: "fleet" });
    expect((await status()).models).toMatchObject([
      { name: "iris", version: null },
      { name: "wine", version: "1" },
    ]);
    expect(await infer()).toBe("200 1");
  });

  it("does not do to itself at its next check what it has done already", async () => {
    await send("POST", "/v1/cache/clear", { what: "all" });
    expect(await infer()).toBe("200 1");
    await app.clock.advance(5_000);
    await infer();
    await app.background();
    expect((await status()).isolate.models.entries).toBe(1);
  });

  it("says that no other isolate was told when Redis does not answer", async () => {
    cache.silent = true;
    const { body } = await send("POST", "/v1/cache/clear");
    expect(body).toMatchObject({ epoch: null, reach: "isolate" });
  });

  it("names what it does not take", async () => {
    const { status: code, body } = await send("POST", "/v1/cache/clear", { what: "everything" });
    expect([code, body.code]).toEqual([400, "invalid_request"]);
  });

  it("does not clear a model that is not there", async () => {
    const { status: code, body } = await send("POST", "/v1/cache/clear", { model: "nobody" });
    expect([code, body.code]).toEqual([404, "model_not_found"]);
  });

  it("is for administrators", async () => {
    expect((await app.request("/v1/cache/clear", { method: "POST" })).status).toBe(401);
  });
});

describe("POST /v1/cache/refresh/{name}", () => {
  it("takes a newer version now and answers what changed", async () => {
    await putVersion(app.bucket, "iris", "2", fakeModel(2, 10));
    await putDeployment(app.bucket, "iris", 2, { production: { "2": 100 } });
    const { body } = await send("POST", "/v1/cache/refresh/iris");
    expect(body).toMatchObject({
      results: [
        {
          model: "iris",
          from: { production: { "1": 100 } },
          to: { production: { "2": 100 } },
          changed: true,
        },
      ],
      epoch: 1,
    });
    expect(await infer()).toBe("200 2");
    expect(cache.calls).toContain("increment catalog");
  });

  it("answers 404 for what is not there", async () => {
    expect((await send("POST", "/v1/cache/refresh/nobody")).status).toBe(404);
  });
});
