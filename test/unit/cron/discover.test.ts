import { expect, it } from "vitest";
import { createMemorySharedCache } from "../../../src/adapters/memory/shared-cache.ts";
import { ok } from "../../../src/core/model/result.ts";
import { runMinuteTick } from "../../../src/cron/minute-tick.ts";
import { runTick } from "../../../src/cron/run-tick.ts";
import { fakeModel } from "../../support/ask.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { publish } from "../../support/publish.ts";
import { createTestCore, type TestCore } from "../../support/test-core.ts";

const MINUTE = "* * * * *";
const COUNT = 130;
const nameOf = (index: number): string => `m${String(index).padStart(3, "0")}`;

/** A bucket with more models than one tick looks at. */
async function manyModels(options: Parameters<typeof createTestCore>[0] = {}): Promise<TestCore> {
  const core = createTestCore(options);
  for (let index = 0; index < COUNT; index += 1) {
    await publish(core.bucket, nameOf(index), fakeModel(1));
  }
  return core;
}

const tick = (core: TestCore) => runTick(core.deps, core.context, MINUTE);

const report = (core: TestCore) => core.deps.cron.reports.get(MINUTE);

it("a fresh isolate learns the bucket's models a hundred each tick, and goes round", async () => {
  const core = await manyModels();
  await tick(core);
  expect(report(core)?.refreshed?.checked).toBe(100);
  expect(report(core)?.stopped_at).toEqual({ models: nameOf(99) });
  await tick(core);
  expect(report(core)?.resumed_at).toEqual({ models: nameOf(99) });
  expect(report(core)?.refreshed?.checked).toBe(COUNT);
  expect(report(core)).not.toHaveProperty("stopped_at");
  await publish(core.bucket, "m000-new", fakeModel(1));
  await tick(core);
  expect(core.deps.catalog.get("m000-new")).toBeDefined();
});

it("a page that was not done is begun again, without what is known by then", async () => {
  const core = await manyModels();
  await tick(core);
  const gate = core.store.holdNext(`get ${nameOf(100)}`);
  const ticking = runMinuteTick(core.deps, core.context, MINUTE);
  await expect.poll(() => core.story()).toContain(`get ${nameOf(100)}/deployment.json`);
  await core.clock.advance(12_000);
  gate.open();
  await ticking;
  // The four of the first batch; the known ones are not confirmed in this tick either.
  expect(report(core)?.refreshed?.checked).toBe(4);
  expect(report(core)?.stopped_at).toEqual({ models: nameOf(99) });
  core.story();
  await tick(core);
  expect(core.story().filter((line) => line.startsWith("get m"))).toHaveLength(COUNT - 104);
  expect(report(core)).not.toHaveProperty("stopped_at");
});

it("another isolate goes on where this one stopped, by the cursor in Redis", async () => {
  const sharedCache = createMemorySharedCache(createManualClock());
  const first = await manyModels({ sharedCache });
  await tick(first);
  const lease = createMemorySharedCache(createManualClock());
  const second = createTestCore({
    bucket: first.bucket,
    sharedCache: { ...sharedCache, setIfAbsent: lease.setIfAbsent },
  });
  await tick(second);
  expect(report(second)?.resumed_at).toEqual({ models: nameOf(99) });
  expect(report(second)?.refreshed?.checked).toBe(COUNT - 100);
});

it("begins the list anew when the store does not take the cursor, and says so", async () => {
  const core = await manyModels();
  await tick(core);
  core.store.break("list ", "unreachable");
  await tick(core);
  expect(report(core)?.refreshed?.failed).toContainEqual(
    expect.objectContaining({ model: "*", reason: "unreachable" }),
  );
  expect(report(core)?.refreshed?.checked).toBe(100);
  core.store.mend();
  await tick(core);
  expect(report(core)).not.toHaveProperty("resumed_at");
});

it("tells Redis of a pointer that was moved by hand, once", async () => {
  const sharedCache = createMemorySharedCache(createManualClock());
  const core = createTestCore({ sharedCache });
  await publish(core.bucket, "m", fakeModel(1));
  const free = { ...core.deps, sharedCache: { ...sharedCache, setIfAbsent: async () => ok(true) } };
  const revision = async () => {
    const read = await sharedCache.get("catalog", 1_000);
    return read.ok ? read.value : undefined;
  };
  await runTick(free, core.context, MINUTE);
  expect([report(core)?.refreshed?.announced, await revision()]).toEqual([1, "1"]);
  await runTick(free, core.context, MINUTE);
  expect([report(core)?.refreshed?.announced, await revision()]).toEqual([0, "1"]);
});

it("mends a revision and an epoch that are none, and leaves those that are", async () => {
  const clock = createManualClock();
  const sharedCache = createMemorySharedCache(clock);
  const core = createTestCore({ sharedCache });
  const read = () => sharedCache.getMany(["catalog", "epoch"], 1_000);
  await sharedCache.set("catalog", "garbage", { deadlineMs: 1_000 });
  await sharedCache.set("epoch", "7", { deadlineMs: 1_000 });
  await tick(core);
  expect(await read()).toEqual(ok([String(clock.now()), "7"]));
  const leaseMs = 60_000;
  await clock.advance(leaseMs);
  await tick(core);
  expect(await read()).toEqual(ok([String(clock.now() - leaseMs), "7"]));
});
