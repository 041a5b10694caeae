import { expect, it } from "vitest";
import { createMemorySharedCache } from "../../../src/adapters/memory/shared-cache.ts";
import { createChaosCache } from "../../support/chaos-cache.ts";
import { better, premiumIsolate, refusal } from "../../support/premium.ts";

it("a premium that never answers has each input looked up in Redis ever more rarely, not each second", async () => {
  const line = createChaosCache(createMemorySharedCache({ now: () => 0 }));
  const isolate = await premiumIsolate({ sharedCache: line, predictions: { ttlMs: 600_000 } });
  isolate.remote.reply = refusal("remote_unreachable", true);
  await isolate.sum(1, 2);
  await isolate.inBackground();
  line.calls.splice(0);
  const looks = () => line.calls.filter((call) => call.startsWith("get pred:")).length;
  for (let second = 0; second < 60; second += 1) {
    await isolate.core.clock.advance(1_000);
    expect(await isolate.sum(1, 2)).toMatch(/^fast 3 .*job$/);
  }
  await isolate.inBackground();
  // After 1, 3, 7, 15, 31 seconds.
  expect(looks()).toBe(5);
  isolate.remote.reply = better;
  await isolate.drain();
  await isolate.core.clock.advance(30_000);
  await isolate.sum(1, 2);
  await isolate.inBackground();
  expect(await isolate.sum(1, 2)).toBe("premium 103 (isolate)");
});
