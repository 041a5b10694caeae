import { beforeEach, describe, expect, it } from "vitest";
import { createMemorySharedCache } from "../../../src/adapters/memory/shared-cache.ts";
import { announcePointer, raiseEpoch } from "../../../src/core/lifecycle/freshness/announce.ts";
import { noticeMove, orderRefresh } from "../../../src/core/lifecycle/notice-move.ts";
import { askInShort, fakeModel } from "../../support/ask.ts";
import { type ChaosCache, createChaosCache } from "../../support/chaos-cache.ts";
import { publish, putDeployment, putVersion } from "../../support/publish.ts";
import { createTestCore, type TestCore } from "../../support/test-core.ts";

const NOW_MS = 1_800_000_000_000;
const MODELS = ["iris", "wine", "digits"];

let core: TestCore;
let cache: ChaosCache;

/** Three models have answered, and the isolate is at the shared catalog's revision. */
beforeEach(async () => {
  const clock = { now: () => NOW_MS };
  cache = createChaosCache(createMemorySharedCache(clock));
  core = createTestCore({ sharedCache: cache });
  for (const model of MODELS) {
    await publish(core.bucket, model, fakeModel(1, 10));
    await announcePointer({ store: core.bucket, sharedCache: cache }, model);
    await askInShort(core, model);
  }
  await core.feed?.check(core.context);
  await quiet();
});

/** Whatever is due has been done and told. */
async function quiet(): Promise<void> {
  await core.background();
  core.story();
  cache.calls.length = 0;
}

/** The next request after the interval, with the check that it starts. */
async function next(model = "iris"): Promise<string> {
  await core.clock.advance(5_000);
  const answer = await askInShort(core, model);
  await core.background();
  return answer;
}

async function publishSecond(model = "iris"): Promise<void> {
  await putVersion(core.bucket, model, "2", fakeModel(2, 10));
  await putDeployment(core.bucket, model, 2, { production: { "2": 100 } });
}

const announce = (model = "iris") =>
  announcePointer({ store: core.bucket, sharedCache: cache }, model);

describe("an isolate that follows the shared catalog", () => {
  it("asks Redis once an interval, and the store never, while nothing moves", async () => {
    for (let round = 0; round < 5; round += 1) {
      await core.clock.advance(5_000);
      for (const model of MODELS) expect(await askInShort(core, model)).toBe("1 hit 1");
      await core.background();
    }
    expect(cache.calls).toEqual(Array(5).fill("getMany catalog epoch epoch:last"));
    expect(core.story()).toEqual([]);
  });

  it("asks nobody before the interval is over", async () => {
    await core.clock.advance(4_999);
    for (const model of MODELS) await askInShort(core, model);
    await core.background();
    expect([...cache.calls, ...core.story()]).toEqual([]);
  });

  it("takes a moved pointer from the store, and asks it about no other", async () => {
    await publishSecond();
    expect(await announce()).toBe("announced");
    expect(await next("wine")).toBe("1 hit 1");
    expect(core.story()).toEqual([
      "confirm iris/deployment.json",
      "get iris/versions/2/manifest.json",
      "get iris/versions/2/model.onnx",
      "open 2",
      "loaded iris@2",
      "changed iris 1 to 2",
    ]);
    expect(await askInShort(core, "iris")).toBe("2 hit 2");
  });

  it("tries again at each check what it could not take, though nothing moves any more", async () => {
    await publishSecond();
    await announce();
    core.store.break("iris/versions/2/model.onnx", "unreachable");
    expect(await next()).toBe("1 hit 1");
    expect(core.deps.catalog.get("iris")?.degraded).toMatchObject({ reason: "store_unavailable" });
    core.store.mend();
    await next();
    expect(await askInShort(core, "iris")).toBe("2 hit 2");
  });

  it("asks the store about the models in use while Redis is silent, and comes back", async () => {
    cache.silent = true;
    expect(await next()).toBe("1 hit 1");
    await next();
    expect(core.story()).toEqual(["redis silent: unreachable", "confirm iris/deployment.json"]);
    await publishSecond();
    await next();
    expect(await askInShort(core, "iris")).toBe("2 hit 2");
    cache.silent = false;
    await quiet();
    await next("wine");
    await quiet();
    await next("wine");
    expect(core.story()).toEqual([]);
  });

  it("finds within a minute what a writer announced who died before he raised the revision", async () => {
    await publishSecond();
    const written = await cache.get("ptr:iris", 1_000);
    expect(written.ok).toBe(true);
    await cache.set("ptr:iris", JSON.stringify({ rev: 2, etag: '"other"' }), { deadlineMs: 1_000 });
    for (let second = 0; second < 60; second += 5) await next("wine");
    expect(await askInShort(core, "iris")).toBe("2 hit 2");
  });

  it("takes an epoch or a revision that is no number for silence, and forgets nothing for it", async () => {
    for (const key of ["epoch", "catalog"]) {
      await cache.set(key, "garbage", { deadlineMs: 1 });
      expect(await next()).toBe("1 hit 1");
      expect([core.feed?.isSilent, await next()]).toEqual([true, "1 hit 1"]);
      await cache.set(key, "7", { deadlineMs: 1 });
    }
  });

  it.each(["garbage", "-5", "99999999999999999999", "007"])(
    "follows again once somebody has announced anything, after '%s' was the revision and the epoch",
    async (garbage) => {
      for (const key of ["epoch", "catalog"]) await cache.set(key, garbage, { deadlineMs: 1 });
      await next();
      expect(core.feed?.isSilent).toBe(true);
      expect(await announce("wine")).toBe("known");
      // Orders may have been lost: the widest is obeyed, and all of it is loaded anew.
      await next("wine");
      expect([core.feed?.isSilent, core.story().includes("obeyed all of all")]).toEqual([
        false,
        true,
      ]);
      await publishSecond();
      expect(await announce()).toBe("announced");
      await next("wine");
      expect(await askInShort(core, "iris")).toBe("2 hit 2");
    },
  );

  it("mends what is no epoch before it raises it: an order reaches all", async () => {
    await cache.set("epoch", "garbage", { deadlineMs: 1 });
    const raised = await raiseEpoch(cache, { what: "predictions" });
    expect(raised).toEqual({ ok: true, value: NOW_MS + 1 });
    expect(await raiseEpoch(cache, { what: "predictions" })).toEqual({
      ok: true,
      value: NOW_MS + 2,
    });
  });

  it("never loses a count, however high, to those who announce", async () => {
    for (const key of ["epoch", "catalog"]) {
      await cache.set(key, "999999999999998", { deadlineMs: 1 });
    }
    await publishSecond();
    expect(await announce()).toBe("announced");
    expect(await cache.getMany(["epoch", "catalog"], 1)).toEqual({
      ok: true,
      value: ["999999999999998", "999999999999999"],
    });
  });

  it("does not take rubbish in Redis for a pointer", async () => {
    await cache.set("ptr:iris", "not JSON", { deadlineMs: 1_000 });
    await cache.increment("catalog", 1_000);
    expect(await next()).toBe("1 hit 1");
    expect(core.story()).toEqual(["confirm iris/deployment.json"]);
  });
});

describe("a move that this isolate makes", () => {
  it("is announced at once, once", async () => {
    await publishSecond();
    noticeMove(core.deps, core.context, "iris");
    await core.background();
    expect(await askInShort(core, "iris")).toBe("2 hit 2");
    expect(cache.calls).toContain("increment catalog");
    expect(await announce()).toBe("known");
  });

  it("reaches another isolate at its next check", async () => {
    const other = createTestCore({ sharedCache: cache, bucket: core.bucket });
    await askInShort(other, "iris");
    await other.background();
    await publishSecond();
    noticeMove(core.deps, core.context, "iris");
    await core.background();
    await other.clock.advance(5_000);
    expect(await askInShort(other, "iris")).toBe("1 hit 1");
    await other.background();
    expect(await askInShort(other, "iris")).toBe("2 hit 2");
  });

  it("is not lost when Redis is silent: the store tells it", async () => {
    cache.silent = true;
    await publishSecond();
    noticeMove(core.deps, core.context, "iris");
    await core.background();
    expect(await askInShort(core, "iris")).toBe("2 hit 2");
  });
});

describe("an order to every isolate", () => {
  it("is obeyed at the next check, once", async () => {
    expect(await raiseEpoch(cache, { what: "all", model: "iris" })).toEqual({ ok: true, value: 1 });
    await next("wine");
    expect(core.story()).toEqual([
      "unloaded iris@1",
      "obeyed all of iris",
      "confirm iris/deployment.json",
    ]);
    await next("wine");
    expect(core.story()).toEqual([]);
    expect(await askInShort(core, "iris")).toBe("1 miss 1");
  });

  it("is the widest when several came between two checks", async () => {
    await raiseEpoch(cache, { what: "predictions", model: "iris" });
    await raiseEpoch(cache, { what: "predictions", model: "wine" });
    await next();
    expect(core.story()).toContain("obeyed all of all");
    expect(core.deps.models.loaded()).toEqual([]);
  });

  it("to refresh asks the store again, also about what was broken", async () => {
    await raiseEpoch(cache, { what: "refresh" });
    await next();
    expect(core.story().filter((line) => line.startsWith("confirm"))).toHaveLength(MODELS.length);
  });
});

describe.each([
  ["by the Worker's settings", { freshness: { checkFreshness: false } }, {}],
  ["by its deployment", {}, { policy: { check_freshness: false } }],
] as const)("a model whose freshness is not checked, %s", (_whose, options, settings) => {
  beforeEach(async () => {
    core = createTestCore({ sharedCache: cache, bucket: core.bucket, ...options });
    await putDeployment(core.bucket, "iris", 1, { production: { "1": 100 } }, settings);
    await askInShort(core, "iris");
    await next();
    await quiet();
  });

  it("is not followed, though Redis is asked for orders once an interval", async () => {
    await publishSecond();
    await announce();
    cache.calls.length = 0;
    for (let second = 0; second < 70; second += 5) expect(await next()).toBe("1 hit 1");
    expect(core.story()).toEqual([]);
    expect(cache.calls).toEqual(Array(14).fill("getMany catalog epoch epoch:last"));
  });

  it("is not asked about in the store while Redis is silent", async () => {
    cache.silent = true;
    for (let round = 0; round < 3; round += 1) expect(await next()).toBe("1 hit 1");
    expect(core.story()).toEqual(["redis silent: unreachable"]);
  });

  it("is cleared and refreshed by orders of other isolates", async () => {
    await publishSecond();
    await raiseEpoch(cache, { what: "all", model: "iris" });
    await next();
    // Cleared, not moved.
    expect(core.story()).toEqual(["unloaded iris@1", "obeyed all of iris"]);
    await raiseEpoch(cache, { what: "refresh", model: "iris" });
    await next();
    expect(await askInShort(core, "iris")).toBe("2 hit 2");
  });

  it("is asked about when orders were missed: one may have been to refresh", async () => {
    await publishSecond();
    await raiseEpoch(cache, { what: "refresh", model: "iris" });
    await raiseEpoch(cache, { what: "predictions" });
    await next();
    expect(await askInShort(core, "iris")).toBe("2 hit 2");
  });

  it("counts as confirmed when the store was asked, not when Redis was", async () => {
    const entry = core.deps.catalog.get("iris");
    if (entry === undefined) throw new Error("the model was forgotten");
    await next();
    expect(core.deps.finder.checkedAtMs(entry)).toBe(entry.checkedAtMs);
  });
});

describe("freshness checks that a deployment has switched off", () => {
  it("are on again in every isolate once it says so: the move brings its order with it", async () => {
    const production = { production: { "1": 100 } };
    await putDeployment(core.bucket, "iris", 2, production, { policy: { check_freshness: false } });
    await announce();
    await next("wine");
    const other = createTestCore({ sharedCache: cache, bucket: core.bucket });
    await askInShort(other, "iris");
    await other.background();
    await putDeployment(core.bucket, "iris", 3, production, { policy: {} });
    noticeMove(other.deps, other.context, "iris");
    orderRefresh(other.deps, other.context, "iris");
    await other.background();
    await next();
    await publishSecond();
    await announce();
    await next("wine");
    expect(await askInShort(core, "iris")).toBe("2 hit 2");
  });
});

describe("what nobody could confirm for MAX_STALE_MS", () => {
  const cut = async (freshness = {}) => {
    core = createTestCore({ freshness: { maxStaleMs: 60_000, ...freshness } });
    await publish(core.bucket, "iris", fakeModel(1, 10));
    await askInShort(core, "iris");
    core.store.break("iris/deployment.json", "unreachable");
    await core.clock.advance(60_001);
  };
  const entry = () => core.deps.catalog.get("iris");

  it("is served on, and known to be stale", async () => {
    await cut();
    expect(await askInShort(core, "iris")).toBe("1 hit 1");
    const known = entry();
    expect(known !== undefined && core.deps.finder.isStale(known)).toBe(true);
  });

  it("is refused under strict freshness, until the store answers again", async () => {
    await cut({ strictFreshness: true });
    expect(await askInShort(core, "iris")).toBe("too_stale");
    core.store.mend();
    await core.background();
    await core.clock.advance(1_000);
    // Refused, and asked for at once: not only when the interval is over.
    expect(await askInShort(core, "iris")).toBe("too_stale");
    await core.background();
    expect(await askInShort(core, "iris")).toBe("1 hit 1");
  });

  it("is not asked about when freshness is not to be checked", async () => {
    await cut({ checkFreshness: false });
    core.story();
    expect(await askInShort(core, "iris")).toBe("1 hit 1");
    expect(core.story()).toEqual([]);
  });

  it("goes by the deployment's own policy first", async () => {
    await cut({ strictFreshness: true });
    const known = entry();
    if (known === undefined) throw new Error("the model was forgotten");
    const policy = { strict_freshness: false };
    core.deps.catalog.set("iris", { ...known, deployment: { ...known.deployment, policy } });
    expect(await askInShort(core, "iris")).toBe("1 hit 1");
  });
});
