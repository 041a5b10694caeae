import { expect, it } from "vitest";
import { COMPLETED, draftOf, eventsOf, failedUntil, LEASE_MS, NOW_MS } from "./subject.ts";
import type { FreshBench } from "./suite.ts";

const LATER_MS = NOW_MS + LEASE_MS;

export function describeLeases(fresh: FreshBench): void {
  it("gives each job to one of those who ask at once", async () => {
    const jobs = fresh();
    for (const id of ["a", "b", "c", "d", "e", "f", "g"]) await jobs.enqueue(draftOf(id));
    const claimed = await Promise.all(
      Array.from({ length: 20 }, (_, index) => jobs.claim(`t${index}`)),
    );
    const ids = claimed.flatMap((job) => (job === undefined ? [] : [job.id]));
    expect(ids.sort()).toEqual(["a", "b", "c", "d", "e", "f", "g"]);
    expect(await jobs.claim("late")).toBeUndefined();
  });

  it("gives the one that is longest due first, of all models", async () => {
    const jobs = fresh();
    await jobs.enqueue(draftOf("b", { model: "wine" }), { nowMs: NOW_MS - 2 });
    await jobs.enqueue(draftOf("c"), { nowMs: NOW_MS - 1 });
    await jobs.enqueue(draftOf("a"), { nowMs: NOW_MS - 3 });
    const order = [await jobs.claim("1"), await jobs.claim("2"), await jobs.claim("3")];
    expect(order.map((job) => job?.id)).toEqual(["a", "b", "c"]);
  });

  it("lets somebody else take over once a lease has ended, and not before", async () => {
    const jobs = fresh();
    await jobs.enqueue(draftOf("a"), { token: "old" });
    expect(await jobs.claim("new", LATER_MS - 1)).toBeUndefined();
    expect(await jobs.claim("new", LATER_MS)).toMatchObject({
      id: "a",
      state: "running",
      attempt: 2,
      dueAtMs: LATER_MS + LEASE_MS,
    });
    expect(eventsOf(await jobs.get("a"))).toEqual([
      "enqueued",
      "started",
      "lease_expired",
      "started",
    ]);
  });

  it("prolongs a lease for its holder until it has ended", async () => {
    const jobs = fresh();
    await jobs.enqueue(draftOf("a"), { token: "t" });
    expect(await jobs.heartbeat("a", "t", LATER_MS - 1)).toBe(true);
    expect(await jobs.claim("new", LATER_MS)).toBeUndefined();
    expect(await jobs.heartbeat("a", "other", LATER_MS)).toBe(false);
    expect(await jobs.heartbeat("a", "t", LATER_MS - 1 + LEASE_MS)).toBe(false);
    expect(await jobs.heartbeat("nobody", "t", NOW_MS)).toBe(false);
  });

  it("refuses the heartbeat and the end of one whose job was taken over", async () => {
    const jobs = fresh();
    await jobs.enqueue(draftOf("a"), { token: "old" });
    await jobs.claim("new", LATER_MS);
    const before = await jobs.get("a");
    expect(await jobs.heartbeat("a", "old", LATER_MS + 1)).toBe(false);
    expect(await jobs.finish("a", "old", COMPLETED, LATER_MS + 1)).toBe(false);
    expect(await jobs.finish("a", "old", failedUntil(0), LATER_MS + 1)).toBe(false);
    expect(await jobs.get("a")).toEqual(before);
  });

  it("takes the end of one whose lease has ended while nobody else has the job", async () => {
    const jobs = fresh();
    await jobs.enqueue(draftOf("a"), { token: "slow" });
    expect(await jobs.finish("a", "slow", COMPLETED, LATER_MS + 5)).toBe(true);
    expect(await jobs.get("a")).toMatchObject({ state: "completed", durationMs: 120 });
  });

  it("gives up a job whose attempts are used up when its last lease has ended", async () => {
    const jobs = fresh();
    await jobs.enqueue(draftOf("a", { attempts: 1 }), { token: "t" });
    await jobs.enqueue(draftOf("b"), { nowMs: LATER_MS });
    expect(await jobs.claim("new", LATER_MS)).toMatchObject({ id: "b" });
    const dead = await jobs.get("a");
    expect(dead).toMatchObject({ state: "dead", reason: "lease_expired", dueAtMs: LATER_MS });
    expect(eventsOf(dead)).toEqual(["enqueued", "started", "lease_expired", "dead"]);
    expect(await jobs.finish("a", "t", COMPLETED, LATER_MS)).toBe(false);
  });

  it("releases every lease of a stack that stops, no attempt counted", async () => {
    const jobs = fresh();
    await jobs.enqueue(draftOf("a"), { token: "1" });
    await jobs.enqueue(draftOf("b"), { token: "2" });
    await jobs.enqueue(draftOf("c"));
    expect(await jobs.releaseAll(NOW_MS + 5)).toBe(2);
    expect(await jobs.releaseAll(NOW_MS + 6)).toBe(0);
    const released = await jobs.get("a");
    expect(released).toMatchObject({ state: "queued", attempt: 0, dueAtMs: NOW_MS + 5 });
    expect(eventsOf(released)).toEqual(["enqueued", "started", "handed_over"]);
    expect(await jobs.finish("a", "1", COMPLETED)).toBe(false);
    expect((await jobs.counts()).counts).toMatchObject({ queued: 3, running: 0 });
  });
}
