import { describe, expect, it } from "vitest";
import { createMemorySharedCache } from "../../../src/adapters/memory/shared-cache.ts";
import { readReports } from "../../../src/core/lifecycle/cron/cron-reports.ts";
import { fail } from "../../../src/core/model/result.ts";
import type { SharedCache } from "../../../src/core/ports/shared-cache.ts";
import { runMinuteTick } from "../../../src/cron/minute-tick.ts";
import { fakeModel } from "../../support/ask.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { publish } from "../../support/publish.ts";
import { createTestCore, type TestCore } from "../../support/test-core.ts";

const MINUTE = "* * * * *";
const tick = (core: TestCore) => runMinuteTick(core.deps, core.context, MINUTE);

const silent = async () => fail({ reason: "unreachable", detail: "the test cut it off" } as const);
const DEAD: SharedCache = {
  ping: silent,
  get: silent,
  set: silent,
  getMany: silent,
  increment: silent,
  mendCounters: silent,
  setIfAbsent: silent,
  exchange: silent,
};

/** Two isolates over one bucket and one Redis. */
async function twoIsolates(): Promise<readonly [TestCore, TestCore, SharedCache]> {
  const sharedCache = createMemorySharedCache(createManualClock());
  const first = createTestCore({ sharedCache });
  await publish(first.bucket, "m", fakeModel(1));
  return [first, createTestCore({ sharedCache, bucket: first.bucket }), sharedCache];
}

describe("the lease of a tick", () => {
  it("lets one isolate of two do it; the other one does nothing", async () => {
    const [first, second] = await twoIsolates();
    expect((await tick(first)).lease).toBe("held");
    second.story();
    const skipped = await tick(second);
    expect(skipped).toEqual({
      cron: MINUTE,
      at: expect.any(String),
      duration_ms: 0,
      lease: "skipped",
    });
    expect(second.story()).toEqual(["tick * * * * *: skipped"]);
    expect(second.deps.cron.reports.size).toBe(0);
  });

  it("runs out by itself after 30 s, whatever became of its holder", async () => {
    const clock = createManualClock();
    const sharedCache = createMemorySharedCache(clock);
    const core = createTestCore({ sharedCache });
    core.store.holdNext("list ");
    void tick(core);
    const other = createTestCore({ sharedCache, bucket: core.bucket });
    await clock.advance(29_999);
    expect((await tick(other)).lease).toBe("skipped");
    await clock.advance(1);
    expect((await tick(other)).lease).toBe("held");
  });

  it("is not waited for when Redis is dead: everything is done without it", async () => {
    const core = createTestCore({ sharedCache: DEAD });
    await publish(core.bucket, "m", fakeModel(1));
    const report = await tick(core);
    expect(report).toMatchObject({ lease: "unavailable", refreshed: { checked: 1, failed: [] } });
    expect(await readReports(core.deps)).toMatchObject({
      redis: "unavailable",
      crons: [
        { from: "isolate", last: { lease: "unavailable" } },
        { from: null, last: null },
      ],
    });
  });

  it("is not there without Redis", async () => {
    const core = createTestCore();
    expect((await tick(core)).lease).toBe("none");
    expect((await readReports(core.deps)).redis).toBe("not_configured");
  });
});

describe("the report of a tick", () => {
  it("is found by every isolate, until one has a newer one of its own", async () => {
    const [first, second, sharedCache] = await twoIsolates();
    await first.clock.advance(1_000);
    await tick(first);
    const [minute] = (await readReports(second.deps)).crons;
    expect(minute).toMatchObject({ cron: MINUTE, from: "redis", last: { lease: "held" } });
    await second.clock.advance(2_000);
    await runMinuteTick({ ...second.deps, sharedCache: DEAD }, second.context, MINUTE);
    const answers = await readReports({ cron: second.deps.cron, sharedCache });
    expect(answers.crons[0]).toMatchObject({ from: "isolate", last: { lease: "unavailable" } });
  });

  it("is nothing where Redis has what is no report", async () => {
    const core = createTestCore({ sharedCache: createMemorySharedCache(createManualClock()) });
    await core.deps.sharedCache?.set(`cron:report:${MINUTE}`, "{", { deadlineMs: 1 });
    await core.deps.sharedCache?.set("cron:report:0 * * * *", '{"cron":7}', { deadlineMs: 1 });
    expect(await readReports(core.deps)).toMatchObject({
      redis: "up",
      crons: [
        { from: null, last: null },
        { from: null, last: null },
      ],
    });
  });
});
