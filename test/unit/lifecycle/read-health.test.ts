import { describe, expect, it } from "vitest";
import { createMemorySharedCache } from "../../../src/adapters/memory/shared-cache.ts";
import { readHealth } from "../../../src/core/lifecycle/read-health.ts";
import { fail, ok } from "../../../src/core/model/result.ts";
import type { SharedCache, SharedCacheFailure } from "../../../src/core/ports/shared-cache.ts";
import { askInShort, fakeModel } from "../../support/ask.ts";
import { publish } from "../../support/publish.ts";
import { createTestCore, type TestCore } from "../../support/test-core.ts";

/** A shared cache that only answers whether it is there, after `latencyMs`. */
const answering = (core: TestCore, latencyMs: number, reason?: SharedCacheFailure["reason"]) => {
  const refused = fail({ reason: reason ?? "refused", detail: "redis.example: no" });
  const cache: SharedCache = {
    ...createMemorySharedCache(core.clock),
    async ping() {
      await core.clock.advance(latencyMs);
      return reason === undefined ? ok(undefined) : refused;
    },
  };
  return cache;
};

const health = (core: TestCore, sharedCache?: SharedCache) =>
  readHealth({ ...core.deps, sharedCache });

async function loaded(): Promise<TestCore> {
  const core = createTestCore({ maxBytes: 500, limitBytes: 9_000 });
  await publish(core.bucket, "iris", fakeModel(7, 100));
  await askInShort(core, "iris");
  core.story();
  return core;
}

describe("health", () => {
  it("is ok and ready when everything answers, and tells what the engine and the models hold", async () => {
    const core = await loaded();
    expect(await health(core, answering(core, 30))).toEqual({
      status: "ok",
      ready: true,
      dependencies: {
        s3: { status: "up", latency_ms: expect.any(Number) },
        redis: { status: "up", latency_ms: 30 },
      },
      engine: { used_bytes: 0, limit_bytes: 9_000 },
      models: { loaded: 1, bytes: 100, budget_bytes: 500 },
    });
    expect(core.story()).toEqual(["list "]);
  });

  it("misses nothing when no shared cache is configured", async () => {
    const { status, dependencies } = await health(createTestCore());
    expect([status, dependencies.redis]).toEqual(["ok", { status: "not_configured" }]);
  });

  it("is degraded but ready without a configured shared cache", async () => {
    const core = createTestCore();
    expect(await health(core, answering(core, 5, "denied"))).toMatchObject({
      status: "degraded",
      ready: true,
      dependencies: { redis: { status: "down", reason: "denied", latency_ms: 5 } },
    });
  });

  it("is degraded but ready without the store while a model is loaded", async () => {
    const core = await loaded();
    core.store.break("list", "unreachable");
    expect(await health(core)).toMatchObject({
      status: "degraded",
      ready: true,
      dependencies: { s3: { status: "down", reason: "unreachable" } },
    });
  });

  it("is down without the store and without a model", async () => {
    const core = createTestCore();
    core.store.break("list", "denied");
    expect(await health(core, answering(core, 1))).toMatchObject({ status: "down", ready: false });
  });

  it("names the kind of trouble and never a host or a key", async () => {
    const core = createTestCore();
    core.store.break("list", "denied");
    const { dependencies } = await health(core, answering(core, 1, "unreachable"));
    expect(JSON.stringify(dependencies)).not.toMatch(/redis\.example|models/);
  });
});
