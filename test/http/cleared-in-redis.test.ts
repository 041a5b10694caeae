import { beforeEach, describe, expect, it } from "vitest";
import { createMemorySharedCache } from "../../src/adapters/memory/shared-cache.ts";
import { fail } from "../../src/core/model/result.ts";
import type { SharedCache, SharedCacheFailure } from "../../src/core/ports/shared-cache.ts";
import { fakeModel, zeros } from "../support/ask.ts";
import { ADMIN_TOKEN, createHttpApp, type HttpApp } from "../support/http-app.ts";
import { publish, putDeployment } from "../support/publish.ts";

const ADMIN = { authorization: `Bearer ${ADMIN_TOKEN}` };
const MODELS = ["iris", "wine"];

let app: HttpApp;
/** Why no epoch is raised; missing while it is. */
let failure: SharedCacheFailure["reason"] | undefined;

const sourceOf = async (model: string) => {
  const { name, datatype, shape, data } = zeros();
  const inputs = [{ name, datatype, shape, data: Array.from(data as Float32Array) }];
  const answer = await app.post(`/v2/models/${model}/infer`, { inputs });
  await app.background();
  return answer.headers.get("cache-status")?.replace(/; ttl=.*/, "") ?? "";
};

async function clear(order: object) {
  const init = { method: "POST", headers: ADMIN, body: JSON.stringify(order) };
  const answer = await app.request("/v1/cache/clear", init);
  return (await answer.json()) as { readonly detail: string; readonly reach: string };
}

/** Two models whose answers are in Redis alone. */
beforeEach(async () => {
  const memory = createMemorySharedCache({ now: () => 0 });
  const sharedCache: SharedCache = {
    ...memory,
    increment: async (...given) =>
      failure === undefined
        ? memory.increment(...given)
        : fail({ reason: failure, detail: "the test said so" }),
  };
  failure = undefined;
  app = createHttpApp({ sharedCache, predictions: {} });
  for (const [index, model] of MODELS.entries()) {
    await publish(app.bucket, model, fakeModel(index, 10));
    const cache = { redis: true, isolate: false };
    await putDeployment(app.bucket, model, 2, { production: { "1": 100 } }, { cache });
    await sourceOf(model);
  }
  await app.clock.advance(5_000);
  for (const model of MODELS) await sourceOf(model);
  for (const model of MODELS) {
    await sourceOf(model);
    expect(await sourceOf(model)).toBe("redis; hit");
  }
  await app.clock.advance(1);
});

describe("what was cleared while Redis does not take the order", () => {
  it.each(["all", "predictions"])(
    "is not answered from Redis by the isolate that cleared it: %s of every model",
    async (what) => {
      failure = "unreachable";
      expect((await clear({ what })).reach).toBe("isolate");
      await app.clock.advance(1);
      for (const model of MODELS) {
        expect(await sourceOf(model)).toMatch(/redis; fwd=miss/);
        expect(await sourceOf(model)).toBe("redis; hit");
      }
    },
  );

  it("is of the one model only that was named", async () => {
    failure = "unreachable";
    await clear({ what: "predictions", model: "iris" });
    await app.clock.advance(1);
    expect(await sourceOf("iris")).toMatch(/redis; fwd=miss/);
    expect(await sourceOf("wine")).toBe("redis; hit");
  });

  it.each([
    ["unreachable", "did not answer in time"],
    ["refused", "answered and refused"],
    ["denied", "UPSTASH_REDIS_REST_TOKEN"],
  ] as const)("says why the others were not told: %s", async (reason, word) => {
    failure = reason;
    expect((await clear({})).detail).toContain(word);
  });
});

describe("what was cleared by an order that Redis took", () => {
  it("is in no way of what others have kept since under the new epoch", async () => {
    expect((await clear({ what: "predictions" })).reach).toBe("fleet");
    await app.clock.advance(1);
    expect(await sourceOf("iris")).toMatch(/redis; fwd=miss/);
    expect(await sourceOf("iris")).toBe("redis; hit");
  });
});
