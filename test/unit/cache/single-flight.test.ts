import { describe, expect, it } from "vitest";
import { SingleFlight } from "../../../src/core/cache/single-flight.ts";
import { createGate } from "../../support/gate.ts";
import { createManualClock, settle } from "../../support/manual-clock.ts";

function setUp(followMs = 1_000) {
  const clock = createManualClock();
  const kept: Promise<unknown>[] = [];
  const context = { clock, background: { keep: (work: Promise<unknown>) => void kept.push(work) } };
  return { clock, kept, context, flights: new SingleFlight<string>(followMs) };
}

describe("single-flight", () => {
  it("runs the work once for all who ask while it is under way", async () => {
    const { context, flights } = setUp();
    const gate = createGate<string>();
    let calls = 0;
    const work = () => {
      calls += 1;
      return gate.opened;
    };
    const all = Promise.all([1, 2, 3].map(() => flights.join(context, "key", work)));
    await settle();
    gate.open("bytes");
    expect(await all).toEqual([
      { value: "bytes", collapsed: false },
      { value: "bytes", collapsed: true },
      { value: "bytes", collapsed: true },
    ]);
    expect(calls).toBe(1);
  });

  it("keeps different keys apart", async () => {
    const { context, flights } = setUp();
    const landed = await Promise.all(
      ["a", "b"].map((key) => flights.join(context, key, async () => key)),
    );
    expect(landed).toEqual([
      { value: "a", collapsed: false },
      { value: "b", collapsed: false },
    ]);
  });

  it("hands the work to the background before anyone waits, so a dead leader does not end it", () => {
    const { context, kept, flights } = setUp();
    flights.join(context, "key", () => createGate<string>().opened);
    expect(kept).toHaveLength(1);
  });

  it("lets a follower lead once its own timer has passed, when the leader's promise never settles", async () => {
    const { clock, context, flights } = setUp(1_000);
    flights.join(context, "key", () => createGate<string>().opened);
    const follower = flights.join(context, "key", async () => "second try");
    await clock.advance(999);
    expect(flights.size).toBe(1);
    await clock.advance(1);
    expect(await follower).toEqual({ value: "second try", collapsed: false });
  });

  it("lets only one of many waiting followers lead, and the others follow it", async () => {
    const { clock, context, flights } = setUp(1_000);
    const gate = createGate<string>();
    let calls = 0;
    flights.join(context, "key", () => createGate<string>().opened);
    const work = () => {
      calls += 1;
      return gate.opened;
    };
    const followers = Array.from({ length: 20 }, () => flights.join(context, "key", work));
    await clock.advance(1_000);
    gate.open("again");
    const landed = await Promise.all(followers);
    expect(landed.map(({ value }) => value)).toEqual(Array(20).fill("again"));
    expect(landed.filter(({ collapsed }) => !collapsed)).toHaveLength(1);
    expect(calls).toBe(1);
  });

  it("passes a rejection to everyone who joined and does not remember it", async () => {
    const { context, flights } = setUp();
    const gate = createGate<string>();
    const joined = [1, 2].map(() => flights.join(context, "key", () => gate.opened));
    const outcomes = Promise.allSettled(joined);
    gate.fail(new Error("store"));
    expect((await outcomes).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(await flights.join(context, "key", async () => "fine")).toEqual({
      value: "fine",
      collapsed: false,
    });
  });

  it("gives what it keeps in the background no rejection to report", async () => {
    const { context, kept, flights } = setUp();
    await expect(
      flights.join(context, "key", () => Promise.reject(new Error("store"))),
    ).rejects.toThrow();
    await expect(Promise.all(kept)).resolves.toBeDefined();
  });

  it("frees every timer it made", async () => {
    const { clock, context, flights } = setUp();
    const gate = createGate<string>();
    const joined = Promise.all(
      [1, 2, 3].map(() => flights.join(context, "key", () => gate.opened)),
    );
    await settle();
    gate.open("done");
    await joined;
    expect(clock.pending).toBe(0);
  });
});
