import { describe, expect, it } from "vitest";
import { DeploymentFinder } from "../../../src/core/lifecycle/find-deployment.ts";
import type { RefreshOutcome } from "../../../src/core/lifecycle/refresh-deployment.ts";
import { deploymentKey } from "../../../src/core/model/keys.ts";
import type { StoreFailure } from "../../../src/core/ports/object-store.ts";
import { CHAOS } from "../../support/chaos-store.ts";
import { FRESHNESS } from "../../support/freshness.ts";
import { createGate } from "../../support/gate.ts";
import { settle } from "../../support/manual-clock.ts";
import { jsonBytes, putDeployment } from "../../support/publish.ts";
import { createTestCore, type TestCore } from "../../support/test-core.ts";

const put = (core: TestCore, rev = 1) =>
  putDeployment(core.bucket, "iris", rev, { production: { "1": 100 } });

const find = (core: TestCore) => core.deps.finder.find(core.context, "iris");

const revOf = async (core: TestCore): Promise<number | string> => {
  const found = await find(core);
  return found.ok ? found.value.deployment.rev : found.failure.reason;
};

describe("finding a deployment", () => {
  it("costs a GET only for a model this isolate has never seen", async () => {
    const core = createTestCore();
    await put(core);
    expect([await revOf(core), await revOf(core)]).toEqual([1, 1]);
    expect(core.story()).toEqual(["get iris/deployment.json"]);
  });

  it("shares that GET among all who ask meanwhile", async () => {
    const core = createTestCore();
    await put(core);
    expect(await Promise.all([revOf(core), revOf(core), revOf(core)])).toEqual([1, 1, 1]);
    expect(core.story()).toEqual(["get iris/deployment.json"]);
  });

  it("does not hang on a GET whose request died: a follower asks for itself after 6 s", async () => {
    const core = createTestCore();
    await put(core);
    core.store.holdNext("get iris");
    find(core);
    await settle();
    const follower = revOf(core);
    await core.clock.advance(6_000);
    expect(await follower).toBe(1);
  });

  it("believes for 2 s that a model is not there", async () => {
    const core = createTestCore();
    expect(await revOf(core)).toBe("model_not_found");
    await put(core);
    await core.clock.advance(1_999);
    expect(await revOf(core)).toBe("model_not_found");
    expect(core.story()).toEqual(["get iris/deployment.json"]);
    await core.clock.advance(1);
    expect(await revOf(core)).toBe(1);
  });

  const troubles: StoreFailure["reason"][] = ["unreachable", "denied", "throttled", "corrupt"];
  it.each(troubles)("never reads the store's '%s' as an absence, nor keeps it", async (reason) => {
    const core = createTestCore();
    await put(core);
    core.store.break("deployment.json", reason);
    expect(await find(core)).toMatchObject({
      failure: { reason: "store_unavailable", cause: CHAOS },
    });
    core.store.mend();
    expect(await revOf(core)).toBe(1);
  });

  it("calls a model with an unreadable deployment unavailable, not absent", async () => {
    const core = createTestCore();
    await core.bucket.put(deploymentKey("iris"), jsonBytes({ rev: "one" }), { deadlineMs: 1_000 });
    expect(await find(core)).toMatchObject({
      failure: {
        reason: "model_unavailable",
        detail: expect.stringContaining("models/iris/deployment.json: "),
      },
    });
  });
});

describe("a deployment past its time", () => {
  it("is answered at once, and checked once in the background", async () => {
    const core = createTestCore({ revalidateMs: 5_000 });
    await put(core, 1);
    await find(core);
    await put(core, 2);
    await core.clock.advance(4_999);
    expect(await revOf(core)).toBe(1);
    await core.clock.advance(1);
    core.story();
    expect([await revOf(core), await revOf(core)]).toEqual([1, 1]);
    await core.background();
    expect(core.story()).toEqual(["confirm iris/deployment.json", "changed iris 1 to 2"]);
    expect(await revOf(core)).toBe(2);
  });

  it("is answered though the check never ends, and no second check starts meanwhile", async () => {
    const core = createTestCore();
    await put(core);
    await find(core);
    core.store.holdNext("confirm iris");
    core.story();
    for (let asked = 0; asked < 5; asked += 1) {
      await core.clock.advance(5_000);
      expect(await revOf(core)).toBe(1);
    }
    expect(core.story()).toEqual(["confirm iris/deployment.json"]);
  });

  it("is checked again 30 s after a check that was cut off", async () => {
    const core = createTestCore();
    await put(core);
    await find(core);
    await core.clock.advance(5_000);
    core.store.holdNext("confirm iris");
    await find(core);
    await core.clock.advance(29_999);
    core.story();
    await find(core);
    expect(core.story()).toEqual([]);
    await core.clock.advance(1);
    await find(core);
    expect(core.story()).toEqual(["confirm iris/deployment.json"]);
  });

  it("waits for its time again after a check that failed", async () => {
    const core = createTestCore();
    await put(core);
    await find(core);
    core.store.break("deployment.json", "unreachable");
    await core.clock.advance(5_000);
    await find(core);
    await core.background();
    core.story();
    await core.clock.advance(4_999);
    await find(core);
    expect(core.story()).toEqual([]);
    await core.clock.advance(1);
    await find(core);
    expect(core.story()[0]).toBe("confirm iris/deployment.json");
  });

  it("hands its check to the background of the request that started it", async () => {
    const core = createTestCore();
    await put(core);
    const gate = createGate<RefreshOutcome>();
    const refresh = () => gate.opened;
    const finder = new DeploymentFinder({
      ...core.deps,
      freshness: { ...FRESHNESS, revalidateMs: 0 },
      refresh,
    });
    const { clock } = core;
    await finder.find(core.context, "iris");
    const kept: Promise<unknown>[] = [];
    const background = { keep: (work: Promise<unknown>) => void kept.push(work) };
    await finder.find({ clock, background }, "iris");
    expect(kept).toHaveLength(1);
    gate.open("unchanged");
    expect(await Promise.all(kept)).toEqual(["unchanged"]);
  });
});
