import { describe, expect, it } from "vitest";
import { Breaker } from "../../../src/core/cache/breaker.ts";
import { createManualClock, type ManualClock } from "../../support/manual-clock.ts";

function opened(): { readonly breaker: Breaker; readonly clock: ManualClock } {
  const clock = createManualClock();
  const breaker = new Breaker(clock);
  for (let failure = 0; failure < 3; failure += 1) breaker.failed();
  return { breaker, clock };
}

describe("breaker", () => {
  it("opens at the third failure in a row, and not when a success comes between", () => {
    const breaker = new Breaker(createManualClock());
    expect([breaker.failed(), breaker.failed()]).toEqual([false, false]);
    breaker.succeeded();
    expect([breaker.failed(), breaker.failed(), breaker.state]).toEqual([false, false, "closed"]);
    expect([breaker.failed(), breaker.state, breaker.mayAsk()]).toEqual([true, "open", false]);
  });

  it("lets one caller try after 5 s", async () => {
    const { breaker, clock } = opened();
    await clock.advance(4_999);
    expect([breaker.state, breaker.mayAsk()]).toEqual(["open", false]);
    await clock.advance(1);
    expect(breaker.state).toBe("half-open");
    expect([breaker.mayAsk(), breaker.mayAsk(), breaker.state]).toEqual([true, false, "half-open"]);
  });

  it("closes when the try succeeds, with the first pause again", async () => {
    const { breaker, clock } = opened();
    await clock.advance(5_000);
    breaker.mayAsk();
    breaker.failed();
    await clock.advance(10_000);
    breaker.mayAsk();
    breaker.succeeded();
    expect([breaker.state, breaker.mayAsk(), breaker.mayAsk()]).toEqual(["closed", true, true]);
    for (let failure = 0; failure < 3; failure += 1) breaker.failed();
    await clock.advance(5_000);
    expect(breaker.mayAsk()).toBe(true);
  });

  it("doubles the pause with each try that fails, up to a minute", async () => {
    const { breaker, clock } = opened();
    const pauses: number[] = [];
    for (let tries = 0; tries < 6; tries += 1) {
      let waitedMs = 0;
      while (!breaker.mayAsk()) {
        await clock.advance(1_000);
        waitedMs += 1_000;
      }
      pauses.push(waitedMs);
      breaker.failed();
    }
    expect(pauses).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  });

  it("takes a try without a word for a failure once the pause is over again", async () => {
    const { breaker, clock } = opened();
    await clock.advance(5_000);
    expect(breaker.mayAsk()).toBe(true);
    await clock.advance(4_999);
    expect(breaker.mayAsk()).toBe(false);
    await clock.advance(1);
    expect(breaker.mayAsk()).toBe(true);
  });

  it("is not held open longer by those who asked before it opened", async () => {
    const { breaker, clock } = opened();
    await clock.advance(4_000);
    expect(breaker.failed()).toBe(false);
    await clock.advance(1_000);
    expect(breaker.mayAsk()).toBe(true);
  });
});
