import { describe, expect, it } from "vitest";
import { RedisGuard } from "../../../src/core/cache/redis-guard.ts";
import { fail, ok } from "../../../src/core/model/result.ts";
import type { SharedCacheFailure } from "../../../src/core/ports/shared-cache.ts";
import { createManualClock } from "../../support/manual-clock.ts";

/** A Redis behind a guard: each `ask` tells how it went. */
function guarded() {
  const clock = createManualClock();
  const guard = new RedisGuard(clock);
  let reason: SharedCacheFailure["reason"] | undefined;
  let asked = 0;
  const ask = async () => {
    const answer = await guard.ask(async () => {
      asked += 1;
      return reason === undefined ? ok("it") : fail({ reason, detail: "the test said so" });
    });
    return answer.ok ? answer.value : answer.failure;
  };
  return {
    clock,
    ask,
    asked: () => asked,
    answers: (next?: SharedCacheFailure["reason"]) => {
      reason = next;
    },
  };
}

async function silenced() {
  const redis = guarded();
  redis.answers("unreachable");
  for (let time = 0; time < 3; time += 1) {
    expect(await redis.ask()).toMatchObject({ reason: "unreachable" });
  }
  return redis;
}

describe("a guarded Redis", () => {
  it("is not asked any more once it was silent three times in a row, and it says until when", async () => {
    const redis = await silenced();
    await redis.clock.advance(1_500);
    expect(await redis.ask()).toMatchObject({ reason: "paused", retryAfterMs: 3_500 });
    expect(redis.asked()).toBe(3);
  });

  it("is asked by one when the pause is over, and by all once that was answered", async () => {
    const redis = await silenced();
    await redis.clock.advance(5_000);
    const [probe, other] = [redis.ask(), redis.ask()];
    expect(await other).toMatchObject({ reason: "paused" });
    expect(await probe).toMatchObject({ reason: "unreachable" });
    expect(await redis.ask()).toMatchObject({ reason: "paused", retryAfterMs: 10_000 });
    await redis.clock.advance(10_000);
    redis.answers();
    expect([await redis.ask(), await redis.ask()]).toEqual(["it", "it"]);
  });

  it.each(["refused", "denied"] as const)(
    "that says no (%s) has answered: nobody waited, and the next question is let through",
    async (reason) => {
      const redis = guarded();
      redis.answers(reason);
      for (let time = 0; time < 10; time += 1) {
        expect(await redis.ask()).toMatchObject({ reason });
      }
      redis.answers();
      expect(await redis.ask()).toBe("it");
    },
  );
});
