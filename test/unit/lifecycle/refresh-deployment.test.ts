import { describe, expect, it } from "vitest";
import { refreshDeployment } from "../../../src/core/lifecycle/refresh-deployment.ts";
import { deploymentKey } from "../../../src/core/model/keys.ts";
import type { StoreFailure } from "../../../src/core/ports/object-store.ts";
import { askInShort, fakeModel } from "../../support/ask.ts";
import { jsonBytes, putDeployment, putVersion } from "../../support/publish.ts";
import { createTestCore, type TestCore } from "../../support/test-core.ts";

const refresh = (core: TestCore) => refreshDeployment(core.deps, core.context, "iris");

const entryOf = (core: TestCore) => core.deps.catalog.get("iris");

const putGood = (core: TestCore, version: string) =>
  putVersion(core.bucket, "iris", version, fakeModel(Number(version), 10));

const putBroken = (core: TestCore, version: string) =>
  putVersion(core.bucket, "iris", version, fakeModel(1), { digest: "0".repeat(64) });

/** Version 1 is published and has answered. */
async function serving(aliases = ["production"]): Promise<TestCore> {
  const core = createTestCore();
  await putGood(core, "1");
  const routes = aliases.map((alias) => [alias, { "1": 100 }]);
  await putDeployment(core.bucket, "iris", 1, Object.fromEntries(routes));
  expect(await askInShort(core, "iris")).toBe("1 miss 1");
  core.story();
  return core;
}

describe("refreshing a deployment", () => {
  it("knows nothing of a model that was never asked for, and asks nobody", async () => {
    const core = createTestCore();
    expect(await refresh(core)).toBe("unknown");
    expect(core.story()).toEqual([]);
  });

  it("confirms an unchanged one with one conditional get", async () => {
    const core = await serving();
    await core.clock.advance(7_000);
    expect(await refresh(core)).toBe("unchanged");
    expect(core.story()).toEqual(["confirm iris/deployment.json"]);
    const now = core.clock.now();
    expect(entryOf(core)).toMatchObject({ checkedAtMs: now, triedAtMs: now });
  });

  it("takes a newer version only after it has loaded: until then the old one serves", async () => {
    const core = await serving();
    await putGood(core, "2");
    await putDeployment(core.bucket, "iris", 2, { production: { "2": 100 } });
    const gate = core.store.holdNext("get iris/versions/2/model.onnx");
    const refreshing = refresh(core);
    expect(await askInShort(core, "iris")).toBe("1 hit 1");
    gate.open();
    expect(await refreshing).toBe("changed");
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

  it("keeps two versions of a model that is published again and again: the last and the one before", async () => {
    const core = await serving(["production", "staging"]);
    for (const version of ["2", "3", "4"]) {
      await putGood(core, version);
      await putDeployment(core.bucket, "iris", Number(version), {
        production: { [version]: 100 },
        staging: { "1": 100 },
      });
      expect(await refresh(core)).toBe("changed");
    }
    const loaded = core.deps.models.loaded().map(({ version }) => version);
    expect(loaded.sort()).toEqual(["1", "3", "4"]);
    expect(core.story()).toContain("unrouted iris@2");
  });

  it("leaves loaded what the deployment wants warm", async () => {
    const core = await serving();
    for (const version of ["2", "3"]) {
      await putGood(core, version);
      const settings = { warm: ["1"] };
      const production = { [version]: 100 };
      await putDeployment(core.bucket, "iris", Number(version), { production }, settings);
      expect(await refresh(core)).toBe("changed");
    }
    const loaded = core.deps.models.loaded().map(({ version }) => version);
    expect(loaded.sort()).toEqual(["1", "2", "3"]);
  });

  it("runs a newer version's sample before anybody else does", async () => {
    const core = await serving();
    const tensor = { name: "x", datatype: "FP32", shape: [1, 2] };
    const sample = { inputs: [{ ...tensor, data: [0, 0] }] };
    await putVersion(core.bucket, "iris", "2", fakeModel(2, 10), { sample });
    await putDeployment(core.bucket, "iris", 2, { production: { "2": 100 } });
    expect(await refresh(core)).toBe("changed");
    expect(core.fake.runs).toBe(2);
  });

  it("keeps the old version when the newer one cannot answer its own sample", async () => {
    const core = await serving();
    const tensor = { name: "x", datatype: "FP32", shape: [1, 3] };
    const sample = { inputs: [{ ...tensor, data: [0, 0, 0] }] };
    await putVersion(core.bucket, "iris", "2", fakeModel(2, 10), { sample });
    await putDeployment(core.bucket, "iris", 2, { production: { "2": 100 } });
    expect(await refresh(core)).toBe("kept");
    expect(entryOf(core)?.degraded).toMatchObject({
      reason: "sample_mismatch",
      detail: expect.stringContaining("version 2: sample.inputs: input 'x'"),
    });
    expect(await askInShort(core, "iris")).toBe("1 hit 1");
  });

  it("loads every version that gets traffic, and none without", async () => {
    const core = await serving();
    for (const version of ["2", "3", "4"]) await putGood(core, version);
    await putDeployment(core.bucket, "iris", 2, {
      production: { "1": 20, "2": 40, "3": 40, "4": 0 },
    });
    expect(await refresh(core)).toBe("changed");
    const opens = core.story().filter((line) => line.startsWith("open"));
    expect(opens).toEqual(["open 2", "open 3"]);
  });

  it("loads nothing for an alias that this isolate does not serve", async () => {
    const core = await serving();
    await putBroken(core, "2");
    await putDeployment(core.bucket, "iris", 2, {
      production: { "1": 100 },
      staging: { "2": 100 },
      constructor: { "2": 100 },
    });
    expect(await refresh(core)).toBe("changed");
    expect(core.story()).toEqual(["confirm iris/deployment.json", "changed iris 1 to 2"]);
  });

  it("loads a version that two aliases move to once", async () => {
    const core = await serving(["production", "staging"]);
    await putGood(core, "2");
    await putDeployment(core.bucket, "iris", 2, {
      production: { "2": 100 },
      staging: { "2": 100 },
    });
    expect(await refresh(core)).toBe("changed");
    expect(core.fake.opened).toBe(2);
  });

  it("forgets a model that the store no longer has", async () => {
    const core = await serving();
    await core.bucket.delete(deploymentKey("iris"), { deadlineMs: 1_000 });
    expect(await refresh(core)).toBe("removed");
    expect(await askInShort(core, "iris")).toBe("model_not_found");
  });
});

describe("a newer state that cannot be taken", () => {
  it("fails no request because a newer version is broken: the old one serves on, degraded with the reason", async () => {
    const core = await serving();
    await putBroken(core, "2");
    await putDeployment(core.bucket, "iris", 2, { production: { "2": 100 } });
    expect(await refresh(core)).toBe("kept");
    expect(core.story().slice(-2)).toEqual([
      "failed iris@2: digest_mismatch",
      "kept iris: digest_mismatch",
    ]);
    expect(entryOf(core)).toMatchObject({
      deployment: { rev: 1 },
      degraded: {
        reason: "digest_mismatch",
        detail: expect.stringContaining("version 2: model.onnx is"),
        sinceMs: core.clock.now(),
      },
    });
    expect(await askInShort(core, "iris")).toBe("1 hit 1");
  });

  it.each(["evicted", "unloaded"] as const)(
    "is not taken untried once the old one was %s: that one is loaded again",
    async (why) => {
      const core = await serving();
      await putBroken(core, "2");
      await putDeployment(core.bucket, "iris", 2, { production: { "2": 100 } });
      expect(await refresh(core)).toBe("kept");
      core.deps.models.unload("iris", "1", why);
      await core.clock.advance(60_000);
      expect(await refresh(core)).toBe("kept");
      expect(await askInShort(core, "iris")).toBe("1 miss 1");
    },
  );

  it("says since when it is degraded, not when it last tried", async () => {
    const core = await serving();
    await putBroken(core, "2");
    await putDeployment(core.bucket, "iris", 2, { production: { "2": 100 } });
    await refresh(core);
    const sinceMs = core.clock.now();
    const checkedAtMs = entryOf(core)?.checkedAtMs;
    await core.clock.advance(60_000);
    expect(await refresh(core)).toBe("kept");
    expect(entryOf(core)).toMatchObject({
      degraded: { sinceMs },
      triedAtMs: sinceMs + 60_000,
      checkedAtMs,
    });
  });

  it("is whole again once a mended version has loaded", async () => {
    const core = await serving();
    await putBroken(core, "2");
    await putDeployment(core.bucket, "iris", 2, { production: { "2": 100 } });
    await refresh(core);
    await putGood(core, "2");
    await core.clock.advance(30_000);
    expect(await refresh(core)).toBe("changed");
    expect(entryOf(core)?.degraded).toBeUndefined();
    expect(await askInShort(core, "iris")).toBe("2 hit 2");
  });

  it("is whole again once the deployment was taken back", async () => {
    const core = await serving();
    core.store.break("deployment.json", "unreachable");
    await refresh(core);
    core.store.mend();
    expect(await refresh(core)).toBe("unchanged");
    expect(entryOf(core)?.degraded).toBeUndefined();
  });

  const troubles: StoreFailure["reason"][] = ["unreachable", "denied", "throttled", "corrupt"];
  it.each(troubles)("never reads the store's '%s' as a removal", async (reason) => {
    const core = await serving();
    core.store.break("deployment.json", reason);
    expect(await refresh(core)).toBe("kept");
    expect(entryOf(core)?.degraded).toMatchObject({ reason });
    expect(await askInShort(core, "iris")).toBe("1 hit 1");
  });

  it("serves on by what it had when the new document is unreadable", async () => {
    const core = await serving();
    const document = jsonBytes({ model: "iris", rev: 2, aliases: { production: { weights: {} } } });
    await core.bucket.put(deploymentKey("iris"), document, { deadlineMs: 1_000 });
    expect(await refresh(core)).toBe("kept");
    expect(entryOf(core)?.degraded).toMatchObject({ reason: "invalid_document" });
    expect(await askInShort(core, "iris")).toBe("1 hit 1");
  });
});
