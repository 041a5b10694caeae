import { describe, expect, it } from "vitest";
import { loadVersion } from "../../../src/core/lifecycle/load-version.ts";
import { fakeModel } from "../../support/ask.ts";
import { putVersion } from "../../support/publish.ts";
import { createTestCore, type TestCore } from "../../support/test-core.ts";

const load = (core: TestCore) => loadVersion(core.deps, "iris", "1", core.context.background);

describe("loading a version into a full engine", () => {
  async function twoLoaded(): Promise<TestCore> {
    const core = createTestCore({ maxBytes: 1_000 });
    await putVersion(core.bucket, "iris", "1", fakeModel(7, 100));
    for (const version of ["1", "2"]) {
      await putVersion(core.bucket, "wine", version, fakeModel(Number(version), 100));
      await loadVersion(core.deps, "wine", version, core.context.background);
    }
    core.story();
    return core;
  }

  it("lets every other version go and tries once more", async () => {
    const core = await twoLoaded();
    core.fake.failNext("out_of_memory");
    expect((await load(core)).ok).toBe(true);
    expect(core.story().slice(2)).toEqual([
      "open 7: out_of_memory",
      "evicted wine@1",
      "evicted wine@2",
      "open 7",
      "loaded iris@1",
    ]);
  });

  it("starts the engine anew when it does not fit though nothing else is there", async () => {
    const core = await twoLoaded();
    core.fake.failNext("out_of_memory", "out_of_memory");
    expect((await load(core)).ok).toBe(true);
    expect(core.story().slice(5)).toEqual([
      "open 7: out_of_memory",
      "restart",
      "open 7",
      "loaded iris@1",
    ]);
  });

  it("gives up when it does not fit into a new engine either", async () => {
    const core = await twoLoaded();
    core.fake.failNext("out_of_memory", "out_of_memory", "out_of_memory");
    expect(await load(core)).toMatchObject({ failure: { reason: "model_too_large" } });
    expect(core.story().filter((line) => line.startsWith("open"))).toHaveLength(3);
  });

  it("empties the engine for what is too large once, not at each request", async () => {
    const core = await twoLoaded();
    core.fake.failNext("out_of_memory", "out_of_memory", "out_of_memory");
    const reasonOf = async () => {
      const { value } = await core.deps.loader.load(core.context, "iris", "1");
      return value.ok ? "loaded" : value.failure.reason;
    };
    expect(await reasonOf()).toBe("model_too_large");
    await core.clock.advance(60_000);
    core.story();
    expect(await reasonOf()).toBe("model_too_large");
    expect(core.story()).toEqual([]);
  });

  it("lets nothing go for a file that is larger than the whole budget, however often it is tried", async () => {
    const core = await twoLoaded();
    await putVersion(core.bucket, "large", "1", fakeModel(9, 1_001));
    for (let tries = 0; tries < 2; tries += 1) {
      core.deps.loader.forgiveAll(undefined);
      const { value } = await core.deps.loader.load(core.context, "large", "1");
      expect(value).toMatchObject({ failure: { reason: "model_too_large" } });
    }
    expect(core.story().filter((line) => /evicted|open/.test(line))).toEqual([]);
    expect(core.deps.models.loaded()).toHaveLength(2);
  });

  it("lets nothing go for what its publisher measured to be over the budget, before it is measured here", async () => {
    const core = await twoLoaded();
    core.fake.memoryOf = (sizeBytes) => 10 * sizeBytes;
    const bytes = fakeModel(9, 900);
    await putVersion(core.bucket, "large", "1", bytes, { peak_memory_bytes: 9_000 });
    const large = await loadVersion(core.deps, "large", "1", core.context.background);
    expect(large).toMatchObject({ failure: { reason: "model_too_large" } });
    expect(core.deps.models.loaded()).toHaveLength(2);
    core.fake.memoryOf = (sizeBytes) => sizeBytes;
    const fits = await loadVersion(core.deps, "large", "1", core.context.background);
    expect([fits.ok, core.deps.models.loaded().length]).toEqual([true, 2]);
  });

  it.each(["invalid_model", "unsupported_model"] as const)(
    "lets nothing go for a model that is %s",
    async (reason) => {
      const core = await twoLoaded();
      core.fake.failNext(reason);
      expect(await load(core)).toMatchObject({ failure: { reason } });
      expect(core.story().slice(2)).toEqual([`open 7: ${reason}`]);
      expect(core.deps.models.loaded()).toHaveLength(2);
    },
  );

  it("lets the least recently used go first when only the budget is short", async () => {
    const core = await twoLoaded();
    await putVersion(core.bucket, "large", "1", fakeModel(9, 850));
    await loadVersion(core.deps, "large", "1", core.context.background);
    expect(core.story().slice(2)).toEqual(["evicted wine@1", "open 9", "loaded large@1"]);
  });
});
