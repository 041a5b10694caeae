import { describe, expect, it } from "vitest";
import { loadModel, unloadModel } from "../../../src/core/lifecycle/load-model.ts";
import { deploymentKey } from "../../../src/core/model/keys.ts";
import { askInShort, fakeModel } from "../../support/ask.ts";
import { putDeployment, putVersion } from "../../support/publish.ts";
import { createTestCore, type TestCore } from "../../support/test-core.ts";

const load = (core: TestCore) => loadModel(core.deps, core.context, "iris");

const putGood = (core: TestCore, version: string) =>
  putVersion(core.bucket, "iris", version, fakeModel(Number(version)));

const putBroken = (core: TestCore, version: string) =>
  putVersion(core.bucket, "iris", version, fakeModel(9), { digest: "0".repeat(64) });

async function withVersions(...versions: string[]): Promise<TestCore> {
  const core = createTestCore();
  for (const version of versions) await putGood(core, version);
  return core;
}

describe("loading a model on request", () => {
  it("loads what production answers from, and nothing else", async () => {
    const core = await withVersions("1", "2", "3");
    await putDeployment(core.bucket, "iris", 1, {
      production: { "1": 50, "2": 50 },
      staging: { "3": 100 },
    });
    expect(await load(core)).toEqual({ ok: true, value: ["1", "2"] });
    expect(core.story().filter((line) => line.startsWith("open"))).toEqual(["open 1", "open 2"]);
  });

  it("loads every alias when there is no production", async () => {
    const core = await withVersions("1", "3");
    await putDeployment(core.bucket, "iris", 1, { canary: { "1": 100 }, staging: { "3": 100 } });
    expect(await load(core)).toEqual({ ok: true, value: ["1", "3"] });
  });

  it("opens nothing twice", async () => {
    const core = await withVersions("1");
    await putDeployment(core.bucket, "iris", 1, { production: { "1": 100 } });
    await load(core);
    core.story();
    expect((await load(core)).ok).toBe(true);
    expect(core.story()).toEqual(["confirm iris/deployment.json"]);
  });

  it("asks the store about a model whose absence it believed in", async () => {
    const core = await withVersions("1");
    expect(await load(core)).toMatchObject({ failure: { reason: "model_not_found" } });
    await putDeployment(core.bucket, "iris", 1, { production: { "1": 100 } });
    expect(await load(core)).toEqual({ ok: true, value: ["1"] });
  });

  it("takes a deployment that changed a moment ago", async () => {
    const core = await withVersions("1", "2");
    await putDeployment(core.bucket, "iris", 1, { production: { "1": 100 } });
    await load(core);
    await putDeployment(core.bucket, "iris", 2, { production: { "2": 100 } });
    expect(await load(core)).toEqual({ ok: true, value: ["2"] });
    expect(await askInShort(core, "iris")).toBe("2 hit 2");
  });

  it("forgives: a mended version is tried again before its time is up", async () => {
    const core = createTestCore();
    await putBroken(core, "1");
    await putDeployment(core.bucket, "iris", 1, { production: { "1": 100 } });
    expect(await load(core)).toMatchObject({
      failure: { reason: "model_unavailable", detail: expect.stringContaining("digest_mismatch") },
    });
    await putGood(core, "1");
    expect(await askInShort(core, "iris")).toBe("model_unavailable");
    expect(await load(core)).toEqual({ ok: true, value: ["1"] });
  });

  it("forgives what was asked for by its number alone, before the deployment was ever read", async () => {
    const core = createTestCore();
    await putBroken(core, "1");
    await putDeployment(core.bucket, "iris", 1, { production: { "1": 100 } });
    expect(await askInShort(core, "iris@1")).toBe("model_unavailable");
    await putGood(core, "1");
    expect(await load(core)).toEqual({ ok: true, value: ["1"] });
  });

  it("forgives a version that a deployment waits for", async () => {
    const core = await withVersions("1");
    await putDeployment(core.bucket, "iris", 1, { production: { "1": 100 } });
    await load(core);
    await putBroken(core, "2");
    await putDeployment(core.bucket, "iris", 2, { production: { "2": 100 } });
    await load(core);
    await putGood(core, "2");
    expect(await load(core)).toEqual({ ok: true, value: ["2"] });
  });

  it("says why the model goes on with what it had, and lets it go on", async () => {
    const core = await withVersions("1");
    await putDeployment(core.bucket, "iris", 1, { production: { "1": 100 } });
    await load(core);
    await putBroken(core, "2");
    await putDeployment(core.bucket, "iris", 2, { production: { "2": 100 } });
    expect(await load(core)).toMatchObject({
      failure: {
        reason: "model_unavailable",
        detail: expect.stringContaining("goes on with what it had (digest_mismatch): version 2"),
      },
    });
    expect(await askInShort(core, "iris")).toBe("1 hit 1");
  });

  it("says that a model is gone that was known", async () => {
    const core = await withVersions("1");
    await putDeployment(core.bucket, "iris", 1, { production: { "1": 100 } });
    await load(core);
    await core.bucket.delete(deploymentKey("iris"), { deadlineMs: 1_000 });
    expect(await load(core)).toMatchObject({ failure: { reason: "model_not_found" } });
  });
});

describe("unloading a model", () => {
  it("lets go of each of its versions and of nobody else's", async () => {
    const core = await withVersions("1", "2");
    await putDeployment(core.bucket, "iris", 1, { production: { "1": 50, "2": 50 } });
    await putVersion(core.bucket, "wine", "1", fakeModel(5));
    await putDeployment(core.bucket, "wine", 1, { production: { "1": 100 } });
    await load(core);
    await askInShort(core, "wine");
    core.story();
    expect([...unloadModel(core.deps, "iris")].sort()).toEqual(["1", "2"]);
    expect([...core.story()].sort()).toEqual(["unloaded iris@1", "unloaded iris@2"]);
    expect(core.fake.released).toBe(2);
    expect(await askInShort(core, "wine")).toBe("1 hit 5");
  });

  it("lets the next request load it again from the store", async () => {
    const core = await withVersions("1");
    await putDeployment(core.bucket, "iris", 1, { production: { "1": 100 } });
    await load(core);
    unloadModel(core.deps, "iris");
    core.story();
    expect(await askInShort(core, "iris")).toBe("1 miss 1");
    expect(core.story()[0]).toBe("get iris/deployment.json");
  });

  it("has nothing to do for a model that is not loaded", () => {
    const core = createTestCore();
    expect(unloadModel(core.deps, "iris")).toEqual([]);
    expect(core.story()).toEqual([]);
  });
});
