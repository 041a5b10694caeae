import { describe, expect, it } from "vitest";
import { createMemorySharedCache } from "../../../src/adapters/memory/shared-cache.ts";
import { EPOCH_KEY } from "../../../src/core/lifecycle/freshness/shared-keys.ts";
import { createChaosCache } from "../../support/chaos-cache.ts";
import { better, premiumIsolate, refusal, STRATEGY } from "../../support/premium.ts";

/** An isolate, and the line between it and Redis. */
async function isolateOnALine(strategy: object = STRATEGY) {
  const line = createChaosCache(createMemorySharedCache({ now: () => 0 }));
  return { line, isolate: await premiumIsolate({ sharedCache: line, strategy }) };
}

/** Redis is silent for as long as it takes that requests leave it alone. */
async function silence({ line, isolate }: Awaited<ReturnType<typeof isolateOnALine>>) {
  line.silent = true;
  const redis = isolate.core.deps.predictions?.redis;
  for (let failure = 0; failure < 3; failure += 1) {
    await redis?.get(isolate.core.context, "any", {
      ...{ digest: "", outputs: [], batch: undefined },
      ...{ freshMs: 1, staleMs: 1 },
    });
  }
  return redis;
}

describe("premium answers while Redis is silent", () => {
  it("are not asked for: one that this isolate alone had would be another than all others come by", async () => {
    const { line, isolate } = await isolateOnALine();
    line.silent = true;
    expect(await isolate.sum(1, 2)).toBe("fast 3");
    await isolate.inBackground();
    expect(await isolate.sum(1, 2)).toBe("fast 3 (isolate)");
    expect(isolate.remote.questions).toEqual([]);
  });

  it("are asked for by the first request after it", async () => {
    const { line, isolate } = await isolateOnALine();
    line.silent = true;
    await isolate.sum(1, 2);
    line.silent = false;
    expect(await isolate.sum(1, 2)).toBe("fast 3 (isolate) job");
    await isolate.inBackground();
    expect(await isolate.sum(1, 2)).toBe("premium 103 (isolate)");
  });

  it("are not renewed: the old one is given on, and made anew when Redis is back", async () => {
    const { line, isolate } = await isolateOnALine({ ...STRATEGY, ttl_ms: 60_000 });
    await isolate.sum(1, 2);
    await isolate.inBackground();
    await isolate.core.clock.advance(66_001);
    await silence({ line, isolate });
    expect(await isolate.sum(1, 2)).toBe("premium 103 (isolate)");
    await isolate.inBackground();
    expect(isolate.remote.questions).toHaveLength(1);
    line.silent = false;
    await isolate.core.clock.advance(5_000);
    expect(await isolate.sum(1, 2)).toBe("premium 103 (isolate)");
    await isolate.inBackground();
    expect(isolate.remote.questions).toHaveLength(2);
  });

  it("cost an isolate that is new then three questions, however many inputs come", async () => {
    const { line, isolate } = await isolateOnALine();
    line.silent = true;
    for (let row = 0; row < 10; row += 1) await isolate.sum(row, 0);
    expect(line.calls.filter((call) => call === `get ${EPOCH_KEY}`)).toHaveLength(3);
  });
});

describe("a premium job after Redis was silent", () => {
  it("keeps its answer while requests still leave Redis alone: it is not thrown away", async () => {
    const { line, isolate } = await isolateOnALine();
    isolate.remote.reply = refusal("remote_unreachable", true);
    expect(await isolate.sum(1, 2)).toBe("fast 3 job");
    await isolate.inBackground();
    const redis = await silence({ line, isolate });
    line.silent = false;
    isolate.remote.reply = better;
    await isolate.core.clock.advance(1_000);
    expect(redis?.isOpen).toBe(true);
    expect(await isolate.drain()).toEqual({ completed: 1, failed: 0, dropped: 0 });
    // That it took a write in time is no reader's answer.
    expect(redis?.isOpen).toBe(true);
  });
});
