import { describe, expect, it } from "vitest";
import { askInShort, fakeModel } from "../../support/ask.ts";
import { settle } from "../../support/manual-clock.ts";
import { publish, putDeployment, putVersion } from "../../support/publish.ts";
import { createTestCore, type TestCore, type TestCoreOptions } from "../../support/test-core.ts";

const REVALIDATE_MS = 5_000;

/** Version 1 has answered and its deployment is past its time. */
async function stale(options: TestCoreOptions = {}): Promise<TestCore> {
  const core = createTestCore({ revalidateMs: REVALIDATE_MS, ...options });
  await publish(core.bucket, "iris", fakeModel(1, 10));
  await askInShort(core, "iris");
  await core.clock.advance(REVALIDATE_MS);
  core.story();
  return core;
}

async function publishSecond(core: TestCore, changes = {}): Promise<void> {
  await putVersion(core.bucket, "iris", "2", fakeModel(2, 10), changes);
  await putDeployment(core.bucket, "iris", 2, { production: { "2": 100 } });
}

describe("a request and freshness", () => {
  it("never waits for a freshness check", async () => {
    const core = await stale();
    core.store.holdNext("confirm iris");
    expect(await askInShort(core, "iris")).toBe("1 hit 1");
    expect(core.story()).toEqual(["confirm iris/deployment.json"]);
  });

  it("never waits for a newer version's load", async () => {
    const core = await stale();
    await publishSecond(core);
    const gate = core.store.holdNext("get iris/versions/2/model.onnx");
    expect(await askInShort(core, "iris")).toBe("1 hit 1");
    await settle();
    expect(core.deps.loader.isLoading("iris", "2")).toBe(true);
    expect(await askInShort(core, "iris")).toBe("1 hit 1");
    gate.open();
    await core.background();
    expect(await askInShort(core, "iris")).toBe("2 hit 2");
  });

  it("moves to a newer version in this order: answer, check, load, change", async () => {
    const core = await stale();
    await publishSecond(core);
    expect(await askInShort(core, "iris")).toBe("1 hit 1");
    await core.background();
    expect(core.story()).toEqual([
      "confirm iris/deployment.json",
      "get iris/versions/2/manifest.json",
      "get iris/versions/2/model.onnx",
      "open 2",
      "loaded iris@2",
      "changed iris 1 to 2",
    ]);
  });

  it.each([
    ["does not match its digest", { digest: "0".repeat(64) }],
    ["has a manifest of the future", { schema: 2 }],
    ["is another model's", { name: "wine" }],
  ])("never fails because a newer version %s", async (_, changes) => {
    const core = await stale();
    await publishSecond(core, changes);
    for (let minute = 0; minute < 3; minute += 1) {
      expect(await askInShort(core, "iris")).toBe("1 hit 1");
      await core.background();
      await core.clock.advance(60_000);
    }
    expect(core.deps.catalog.get("iris")?.degraded).toBeDefined();
  });

  it("never fails because a newer version's load crowded the old one out of memory", async () => {
    const core = await stale({ maxBytes: 15 });
    await publishSecond(core);
    core.fake.failNext("invalid_model");
    expect(await askInShort(core, "iris")).toBe("1 hit 1");
    await core.background();
    expect(core.deps.models.loaded()).toEqual([]);
    expect(await askInShort(core, "iris")).toBe("1 miss 1");
  });

  it("never fails because the store went away", async () => {
    const core = await stale();
    core.store.break("", "unreachable");
    for (let minute = 0; minute < 3; minute += 1) {
      expect(await askInShort(core, "iris")).toBe("1 hit 1");
      await core.background();
      await core.clock.advance(60_000);
    }
  });
});
