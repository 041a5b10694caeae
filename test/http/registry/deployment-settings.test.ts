import { beforeEach, describe, expect, it } from "vitest";
import { createMemorySharedCache } from "../../../src/adapters/memory/shared-cache.ts";
import { createChaosCache } from "../../support/chaos-cache.ts";
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

  it("are replaced as a whole, and taken out by null", async () => {
    await put({ cache: { ttl_ms: 5, redis: true }, policy: { use_cache: false }, warm: ["1"] });
    expect((await put({ cache: { ttl_ms: 6 } })).body.cache).toEqual({ ttl_ms: 6 });
    const { status, body } = await put({ cache: null, policy: null, warm: null });
    expect(status).toBe(200);
    for (const name of ["cache", "policy", "warm"]) expect(body).not.toHaveProperty(name);
    const read = await registry.send("GET", `${MODEL}/deployment`);
    expect(read.body).toEqual(body);
  });

  it("may come with the whole document as it was read", async () => {
    const { body } = await registry.send("GET", `${MODEL}/deployment`);
    expect((await put({ ...body, cache: { ttl_ms: 5 } })).status).toBe(200);
  });

  it("replace whatever is there for If-Match: *", async () => {
    const path = `${MODEL}/deployment`;
    const put = (etag: string) =>
      registry.send("PUT", path, { cache: { ttl_ms: 5 } }, { "if-match": etag });
    expect((await put("*")).status).toBe(200);
    expect((await put('"other"')).status).toBe(412);
  });

  it.each<[settings: object, status: number, code: string, detail: RegExp]>([
    [
      { polcy: {} },
      400,
      "invalid_request",
      /^body\.polcy: 'polcy' is not known here; did you mean 'policy'\?/,
    ],
    [{ cache: { ttl: 5 } }, 400, "invalid_request", /^body\.cache\.ttl: .* 'ttl_ms'|one of/],
    [{ warm: [0] }, 400, "invalid_request", /^body\.warm\.0: must be an alias, or a version/],
    [{ warm: ["1", "99"] }, 404, "version_not_found", /^warm\.1: /],
    [{ warm: ["nope"] }, 404, "alias_not_found", /^warm\.0: /],
    [
      { aliases: { production: { weights: { one: 100 } } } },
      ...([400, "invalid_request", /weights\.one: not a version: a whole number/] as const),
    ],
    [{ cache: { ttl_ms: 1e300 } }, 400, "invalid_request", /^body\.cache\.ttl_ms: (?!Invalid|<=)/],
    [{ record: { rate: "all" } }, 400, "invalid_request", /record\.rate: expected a number, got/],
  ])("that cannot work are refused with what is expected: %j", async (settings, ...told) => {
    const { status, body } = await put(settings);
    expect([status, body.code, body.detail]).toEqual([
      told[0],
      told[1],
      expect.stringMatching(told[2]),
    ]);
  });

  it("that may keep isolates from following the pointer come with an order to look at it", async () => {
    const sharedCache = createChaosCache(createMemorySharedCache({ now: () => 0 }));
    registry = createRegistryApp({}, { sharedCache });
    await registry.publish("a");
    await put({ cache: { ttl_ms: 5 } });
    await put({ policy: { use_cache: false } });
    await registry.app.background();
    expect(sharedCache.calls).not.toContain("increment epoch");
    await put({ policy: { check_freshness: true } });
    await registry.app.background();
    expect(sharedCache.calls).toContain("increment epoch");
    const last = await sharedCache.get("epoch:last", 1);
    expect(last.ok && JSON.parse(last.value ?? "")).toEqual({
      epoch: 1,
      what: "refresh",
      model: expect.any(String),
    });
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
