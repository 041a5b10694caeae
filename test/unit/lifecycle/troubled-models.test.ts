import { describe, expect, it } from "vitest";
import { readModelStatus } from "../../../src/core/lifecycle/freshness/read-status.ts";
import { refreshNow } from "../../../src/core/lifecycle/freshness/refresh-now.ts";
import { refreshDeployment } from "../../../src/core/lifecycle/refresh-deployment.ts";
import { RetryPauses } from "../../../src/core/lifecycle/retry-pauses.ts";
import { deploymentKey, modelBytesKey } from "../../../src/core/model/keys.ts";
import { askInShort, fakeModel } from "../../support/ask.ts";
import { must } from "../../support/must.ts";
import { jsonBytes, publish, putDeployment, putVersion } from "../../support/publish.ts";
import { createTestCore, type TestCore } from "../../support/test-core.ts";

const DEADLINE = { deadlineMs: 1_000 };

const refresh = (core: TestCore) => refreshDeployment(core.deps, core.context, "iris");

/** As `freshet cache refresh iris` has it. */
const refreshByHand = async (core: TestCore) =>
  must(await refreshNow(core.deps, core.context, "iris"));

const statusOf = (core: TestCore) =>
  readModelStatus(core.deps).map(({ name, version, degraded }) => [
    name,
    version,
    degraded?.reason,
    degraded?.detail,
  ]);

async function serving(): Promise<TestCore> {
  const core = createTestCore();
  await publish(core.bucket, "iris", fakeModel(1, 10));
  expect(await askInShort(core, "iris")).toBe("1 miss 1");
  core.story();
  return core;
}

const putPointer = (core: TestCore, document: object) =>
  core.bucket.put(deploymentKey("iris"), jsonBytes(document), DEADLINE);

describe("a pointer that cannot be taken", () => {
  it("is told once, and its versions are asked for ever more seldom while it stays as it is", async () => {
    const core = await serving();
    await putDeployment(core.bucket, "iris", 2, { production: { "2": 100 } });
    for (let second = 0; second < 12; second += 1) {
      expect(await refresh(core)).toBe("kept");
      await core.clock.advance(1_000);
    }
    const story = core.story();
    expect(story.filter((line) => line === "kept iris: version_not_found")).toHaveLength(1);
    expect(story.filter((line) => line.startsWith("get iris/versions"))).toHaveLength(6);
    expect(statusOf(core)).toEqual([
      ["iris", "1", "version_not_found", expect.stringContaining("version 2")],
    ]);
  });

  it("is tried at once when it changes, and told anew", async () => {
    const core = await serving();
    await putDeployment(core.bucket, "iris", 2, { production: { "2": 100 } });
    await refresh(core);
    await putDeployment(core.bucket, "iris", 3, { production: { "3": 100 } });
    core.story();
    expect(await refresh(core)).toBe("kept");
    expect(core.story()).toContain("kept iris: version_not_found");
    await putVersion(core.bucket, "iris", "4", fakeModel(4));
    await putDeployment(core.bucket, "iris", 4, { production: { "4": 100 } });
    expect(await refresh(core)).toBe("changed");
    expect(statusOf(core)).toEqual([
      ["iris", "1", undefined, undefined],
      ["iris", "4", undefined, undefined],
    ]);
  });

  it("is tried at once by hand", async () => {
    const core = await serving();
    await putDeployment(core.bucket, "iris", 2, { production: { "2": 100 } });
    await refresh(core);
    expect(await refreshByHand(core)).toMatchObject({
      changed: false,
      reason: expect.stringContaining("version_not_found: version 2"),
    });
    await putVersion(core.bucket, "iris", "2", fakeModel(2));
    expect(await refresh(core)).toBe("kept");
    expect(await refreshByHand(core)).toMatchObject({ changed: true });
    expect(await askInShort(core, "iris")).toBe("2 hit 2");
  });

  it("does not rest for the store's trouble", async () => {
    const core = await serving();
    await putVersion(core.bucket, "iris", "2", fakeModel(2));
    await putDeployment(core.bucket, "iris", 2, { production: { "2": 100 } });
    core.store.break("model.onnx", "unreachable");
    expect(await refresh(core)).toBe("kept");
    core.store.mend();
    expect(await refresh(core)).toBe("changed");
  });

  it("says again why it is not taken once the store, which was silent, answers", async () => {
    const core = await serving();
    await putDeployment(core.bucket, "iris", 2, { production: { "2": 100 } });
    await refresh(core);
    core.store.break("deployment.json", "unreachable");
    await refresh(core);
    core.store.mend();
    await refresh(core);
    expect(core.deps.catalog.get("iris")?.degraded?.reason).toBe("version_not_found");
  });

  it("is not taken at the second look either where a version does not answer its own sample", async () => {
    const core = await serving();
    const sampled = (columns: number) => {
      const data = Array.from({ length: columns }, () => 0);
      return { sample: { inputs: [{ name: "x", datatype: "FP32", shape: [1, columns], data }] } };
    };
    await putVersion(core.bucket, "iris", "2", fakeModel(2), sampled(3));
    await putDeployment(core.bucket, "iris", 2, { production: { "2": 100 } });
    for (let look = 0; look < 4; look += 1) {
      expect(await refresh(core)).toBe("kept");
      expect(await askInShort(core, "iris")).toBe("1 hit 1");
      // Whoever asks for it by its number gets it, and has it loaded.
      expect(await askInShort(core, "iris@2")).toMatch(/^2 \w+ 2$/);
      await core.clock.advance(60_000);
    }
    expect(statusOf(core)).toContainEqual(["iris", "1", "sample_mismatch", expect.any(String)]);
    await putVersion(core.bucket, "iris", "2", fakeModel(2), sampled(2));
    expect(await refresh(core)).toBe("kept");
    await core.clock.advance(60_000);
    expect(await refresh(core)).toBe("changed");
  });

  it("is as much nonsense without production as any other, once there was one", async () => {
    const core = await serving();
    for (const aliases of [{}, { staging: { weights: { "1": 100 } } }]) {
      await putPointer(core, { model: "iris", rev: 2, aliases });
      expect(await refresh(core)).toBe("kept");
      expect(core.deps.catalog.get("iris")?.degraded).toMatchObject({
        reason: "invalid_document",
        detail: expect.stringContaining("aliases: 'production' is missing"),
      });
      expect(await askInShort(core, "iris")).toBe("1 hit 1");
    }
    await putDeployment(core.bucket, "iris", 3, { production: { "1": 100 } });
    expect(await refresh(core)).toBe("changed");
  });
});

describe("pauses between tries", () => {
  it("double until a minute, and begin anew with another pointer", () => {
    const pauses = new RetryPauses();
    const why = { version: "2", reason: "invalid_model", detail: "cut short" };
    let now = 0;
    const lengths: number[] = [];
    for (let time = 0; time < 8; time += 1) {
      pauses.rest("iris", "a", why, now);
      const begun = now;
      while (pauses.restingFor("iris", "a", now) === why) now += 1_000;
      lengths.push((now - begun) / 1_000);
    }
    expect(lengths).toEqual([2, 4, 8, 16, 32, 60, 60, 60]);
    pauses.rest("iris", "b", why, now);
    expect(pauses.restingFor("iris", "a", now)).toBeUndefined();
    expect(pauses.restingFor("wine", "b", now)).toBeUndefined();
    expect(pauses.restingFor("iris", "b", now + 1_999)).toBe(why);
    expect(pauses.restingFor("iris", "b", now + 2_000)).toBeUndefined();
    pauses.end("iris");
    expect(pauses.restingFor("iris", "b", now)).toBeUndefined();
  });
});

describe("the status of a model whose requests are refused", () => {
  it("says that it is too large, until it loads", async () => {
    const core = createTestCore({ maxBytes: 50 });
    await publish(core.bucket, "iris", fakeModel(1, 100));
    expect(await askInShort(core, "iris")).toBe("model_unavailable");
    const tooLarge = ["iris", null, "model_too_large", expect.stringContaining("version 1: ")];
    expect(statusOf(core)).toEqual([tooLarge]);
    expect(await refreshByHand(core)).toMatchObject({
      changed: false,
      reason: expect.stringContaining("model_too_large: version 1"),
    });
    expect(statusOf(core)).toEqual([tooLarge]);
    await publish(core.bucket, "iris", fakeModel(2, 10), "2");
    await refreshByHand(core);
    expect(await askInShort(core, "iris")).toBe("2 miss 2");
    expect(statusOf(core)).toEqual([["iris", "2", undefined, undefined]]);
  });

  it("says that its bytes are others, and that they are right again once it was refreshed", async () => {
    const core = createTestCore();
    await publish(core.bucket, "iris", fakeModel(1, 10));
    await core.bucket.put(modelBytesKey("iris", "1"), fakeModel(9, 10), DEADLINE);
    expect(await askInShort(core, "iris")).toBe("model_unavailable");
    expect(statusOf(core)).toEqual([["iris", null, "digest_mismatch", expect.any(String)]]);
    const told = () => core.story().filter((line) => line.startsWith("failed"));
    expect(told()).toEqual(["failed iris@1: digest_mismatch"]);
    await core.clock.advance(60_000);
    expect(await askInShort(core, "iris")).toBe("model_unavailable");
    expect(told()).toEqual([]);
    expect((await refreshByHand(core)).reason).toMatch(/^digest_mismatch: version 1: /);
    await core.bucket.put(modelBytesKey("iris", "1"), fakeModel(1, 10), DEADLINE);
    expect(await refreshByHand(core)).not.toHaveProperty("reason");
    expect(statusOf(core)).toEqual([["iris", "1", undefined, undefined]]);
  });

  it("says that the store does not give its bytes", async () => {
    const core = createTestCore();
    await publish(core.bucket, "iris", fakeModel(1, 10));
    core.store.break("model.onnx", "denied");
    expect(await askInShort(core, "iris")).toBe("store_unavailable");
    expect(statusOf(core)).toEqual([["iris", null, "store_unavailable", expect.any(String)]]);
    core.store.mend();
    expect(await askInShort(core, "iris")).toBe("1 miss 1");
    expect(statusOf(core)).toEqual([["iris", "1", undefined, undefined]]);
  });

  it("says that its pointer is gone, whatever is loaded, until there is one", async () => {
    const core = await serving();
    await core.bucket.delete(deploymentKey("iris"), DEADLINE);
    expect(await refreshByHand(core)).toEqual({
      model: "iris",
      from: { production: { "1": 100 } },
      to: null,
      changed: true,
      reason: expect.stringMatching(/^pointer_missing: .* revision 1 was the last one here$/),
    });
    expect(core.story()).toContain("gone iris after 1");
    expect(statusOf(core)).toEqual([["iris", "1", "pointer_missing", expect.any(String)]]);
    core.deps.models.unload("iris", "1");
    expect(statusOf(core)).toEqual([["iris", null, "pointer_missing", expect.any(String)]]);
    expect(await refreshNow(core.deps, core.context, "iris")).toMatchObject({
      failure: { reason: "model_not_found", detail: expect.stringContaining("is gone") },
    });
    await putDeployment(core.bucket, "iris", 2, { production: { "1": 100 } });
    await core.clock.advance(2_000);
    expect(await askInShort(core, "iris")).toBe("1 miss 1");
    expect(statusOf(core)).toEqual([["iris", "1", undefined, undefined]]);
  });

  it("says that its pointer cannot be read where none was known, until it is gone, too", async () => {
    const core = createTestCore();
    await putPointer(core, { model: "iris", rev: 1 });
    expect(await askInShort(core, "iris")).toBe("model_unavailable");
    const detail = expect.stringContaining("aliases: expected an object, got nothing");
    expect(statusOf(core)).toEqual([["iris", null, "invalid_document", detail]]);
    await core.bucket.delete(deploymentKey("iris"), DEADLINE);
    expect(await askInShort(core, "iris")).toBe("model_not_found");
    expect(statusOf(core)).toEqual([]);
  });

  it("says that a pointer met first has no production", async () => {
    const core = createTestCore();
    await putPointer(core, { model: "iris", rev: 1, aliases: {} });
    expect(await askInShort(core, "iris")).toBe("alias_not_found");
    expect(statusOf(core)).toEqual([["iris", null, "alias_not_found", expect.any(String)]]);
  });

  it("is not troubled by a broken version that no alias leads to", async () => {
    const core = await serving();
    expect(await askInShort(core, "iris@9")).toBe("version_not_found");
    expect(statusOf(core)).toEqual([["iris", "1", undefined, undefined]]);
  });
});
