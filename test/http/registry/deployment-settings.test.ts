import { beforeEach, describe, expect, it } from "vitest";
import { createRegistryApp, MODEL, type RegistryApp } from "../../support/registry-http.ts";

let registry: RegistryApp;
beforeEach(async () => {
  registry = createRegistryApp();
  await registry.publish("a");
});

async function put(settings: object) {
  const path = `${MODEL}/deployment`;
  const { headers, body } = await registry.send("GET", path);
  const etag = headers.get("etag") ?? "";
  const { aliases } = body;
  return registry.send("PUT", path, { aliases, ...settings }, { "if-match": etag });
}

describe("settings in a deployment", () => {
  it("stay as they are where a PUT says nothing of them", async () => {
    expect((await put({ policy: { use_cache: false }, warm: ["production"] })).status).toBe(200);
    expect((await put({ batching: { max_batch_size: 32 } })).status).toBe(200);
    expect((await put({ cache: { ttl_ms: 5 } })).status).toBe(200);
    expect((await registry.send("GET", `${MODEL}/deployment`)).body).toMatchObject({
      policy: { use_cache: false },
      warm: ["production"],
      cache: { ttl_ms: 5 },
      batching: { max_batch_size: 32 },
    });
    expect((await put({ batching: {} })).body.batching).toEqual({});
  });

  it.each([
    { cache: { ttl: 5 } },
    { policy: { usecache: false } },
    { cache: { ttl_ms: -1 } },
    { warm: ["Not An Alias"] },
    { batching: { batch_size: 32 } },
    { batching: { max_batch_size: 1 } },
    { batching: { max_batch_size: 257 } },
    { batching: { min_concurrency: 1 } },
  ])("are refused where they are misspelt: %o", async (settings) => {
    const { status, body } = await put(settings);
    expect([status, body.code]).toEqual([400, "invalid_request"]);
  });
});
