import { describe, expect, it } from "vitest";
import { InFlight } from "../../../src/core/predict/joining/in-flight.ts";

describe("requests in flight", () => {
  it("are counted from their beginning to their end", () => {
    const inFlight = new InFlight();
    const first = inFlight.enter(0);
    const second = inFlight.enter(9_000);
    expect(inFlight.count).toBe(2);
    inFlight.leave(first);
    expect(inFlight.count).toBe(1);
    inFlight.leave(second);
    expect(inFlight.count).toBe(0);
  });

  it("are counted over the turn of a period", () => {
    const inFlight = new InFlight();
    const early = inFlight.enter(9_999);
    inFlight.leave(inFlight.enter(20_000));
    expect(inFlight.count).toBe(1);
    inFlight.leave(early);
    expect(inFlight.count).toBe(0);
  });

  it.each([
    ["in two periods", [10_000, 20_000]],
    ["after a pause", [100_000]],
  ])(
    "of clients that are gone are forgotten %s, and their late end counts for nobody",
    (_, turns) => {
      const inFlight = new InFlight();
      const gone = Array.from({ length: 20 }, () => inFlight.enter(0));
      for (const nowMs of turns) inFlight.enter(nowMs);
      expect(inFlight.count).toBe(turns.length);
      for (const one of gone) inFlight.leave(one);
      expect(inFlight.count).toBe(turns.length);
    },
  );
});
