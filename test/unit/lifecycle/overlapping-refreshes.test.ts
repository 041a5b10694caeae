import { describe, expect, it } from "vitest";
import { refreshDeployment } from "../../../src/core/lifecycle/refresh-deployment.ts";
import { deploymentKey } from "../../../src/core/model/keys.ts";
import { askInShort, fakeModel } from "../../support/ask.ts";
import { settle } from "../../support/manual-clock.ts";
import { putDeployment, putVersion } from "../../support/publish.ts";
import { createTestCore, type TestCore } from "../../support/test-core.ts";

const refresh = (core: TestCore) => refreshDeployment(core.deps, core.context, "iris");

const move = (core: TestCore, rev: number) =>
  putDeployment(core.bucket, "iris", rev, { production: { [rev]: 100 } });

const revOf = (core: TestCore) => core.deps.catalog.get("iris")?.deployment.rev;

/** Version 1 has answered; 2 and 3 lie ready. */
async function serving(): Promise<TestCore> {
  const core = createTestCore();
  for (const version of ["1", "2", "3"]) {
    await putVersion(core.bucket, "iris", version, fakeModel(Number(version)));
  }
  await move(core, 1);
  await askInShort(core, "iris");
  return core;
}

describe("a check that ends after a later one", () => {
  it("does not go back to the deployment it read before", async () => {
    const core = await serving();
    await move(core, 2);
    const gate = core.store.holdNext("get iris/versions/2/model.onnx");
    const slow = refresh(core);
    await settle();
    await move(core, 3);
    expect(await refresh(core)).toBe("changed");
    core.story();
    gate.open();
    expect(await slow).toBe("overtaken");
    expect(revOf(core)).toBe(3);
    expect(core.story()).toEqual(["open 2", "loaded iris@2"]);
  });

  it("does not go back because the store failed it", async () => {
    const core = await serving();
    core.store.break("confirm iris", "unreachable");
    const gate = core.store.holdNext("confirm iris");
    const slow = refresh(core);
    core.store.mend();
    await move(core, 2);
    expect(await refresh(core)).toBe("changed");
    gate.open();
    expect(await slow).toBe("overtaken");
    expect(core.deps.catalog.get("iris")).toMatchObject({ deployment: { rev: 2 } });
    expect(core.deps.catalog.get("iris")?.degraded).toBeUndefined();
  });

  it("does not go back because the version it wanted is broken", async () => {
    const core = await serving();
    await putVersion(core.bucket, "iris", "2", fakeModel(2), { digest: "0".repeat(64) });
    await move(core, 2);
    const gate = core.store.holdNext("get iris/versions/2/model.onnx");
    const slow = refresh(core);
    await settle();
    await move(core, 3);
    await refresh(core);
    gate.open();
    expect(await slow).toBe("overtaken");
    expect(await askInShort(core, "iris")).toBe("3 hit 3");
  });

  it("does not bring back a model that was removed meanwhile", async () => {
    const core = await serving();
    core.store.break("confirm iris", "unreachable");
    const gate = core.store.holdNext("confirm iris");
    const slow = refresh(core);
    core.store.mend();
    await core.bucket.delete(deploymentKey("iris"), { deadlineMs: 1_000 });
    expect(await refresh(core)).toBe("removed");
    gate.open();
    expect(await slow).toBe("overtaken");
    expect(await askInShort(core, "iris")).toBe("model_not_found");
  });

  it("still takes a newer deployment when the other one only confirmed the old", async () => {
    const core = await serving();
    const gate = core.store.holdNext("confirm iris");
    const slow = refresh(core);
    await move(core, 2);
    const held = core.store.holdNext("confirm iris");
    const newer = refresh(core);
    await settle();
    gate.open();
    expect(await slow).toBe("unchanged");
    held.open();
    expect(await newer).toBe("changed");
    expect(revOf(core)).toBe(2);
  });

  it("tells of a change once when both saw it", async () => {
    const core = await serving();
    await move(core, 2);
    core.story();
    const outcomes = await Promise.all([refresh(core), refresh(core)]);
    expect([...outcomes].sort()).toEqual(["changed", "overtaken"]);
    expect(core.story().filter((line) => line.startsWith("changed"))).toHaveLength(1);
  });
});
