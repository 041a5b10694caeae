import { expect, it } from "vitest";
import { COMPLETED, draftOf, LEASE_MS, NOW_MS } from "./subject.ts";
import type { FreshBench } from "./suite.ts";

/** The first moment of a minute. */
const MINUTE_MS = Math.ceil(NOW_MS / 60_000) * 60_000;

export function describeLimits(fresh: FreshBench): void {
  it("runs no more of a model at once than it may", async () => {
    const jobs = fresh();
    const limits = { maxRunning: 2 };
    const begun = await Promise.all(
      ["a", "b", "c", "d"].map((id) => jobs.enqueue(draftOf(id), { token: id, limits })),
    );
    expect(begun.filter(({ leased }) => leased)).toHaveLength(2);
    expect(await jobs.claim("t")).toBeUndefined();
    const [running] = begun.filter(({ leased }) => leased);
    await jobs.finish(running?.id ?? "", running?.id ?? "", COMPLETED);
    expect(await jobs.claim("t")).toMatchObject({ state: "running" });
    expect(await jobs.claim("u")).toBeUndefined();
  });

  it("does not count a lease that has ended", async () => {
    const jobs = fresh();
    const limits = { maxRunning: 1 };
    await jobs.enqueue(draftOf("a"), { token: "t", limits });
    const later = { token: "u", limits, nowMs: NOW_MS + LEASE_MS };
    expect(await jobs.enqueue(draftOf("b"), later)).toMatchObject({ leased: true });
    // It would be the second one.
    expect(await jobs.claim("v", NOW_MS + LEASE_MS)).toBeUndefined();
    expect(await jobs.get("a")).toMatchObject({ state: "queued", reason: "lease_expired" });
  });

  it("counts a lease that was prolonged", async () => {
    const jobs = fresh();
    const limits = { maxRunning: 1 };
    await jobs.enqueue(draftOf("a"), { token: "t", limits });
    expect(await jobs.heartbeat("a", "t", NOW_MS + LEASE_MS - 1)).toBe(true);
    const later = { token: "u", limits, nowMs: NOW_MS + LEASE_MS };
    expect(await jobs.enqueue(draftOf("b"), later)).toMatchObject({ leased: false });
  });

  it("begins no more attempts in a minute than a model may, handed over ones counted", async () => {
    const jobs = fresh();
    const limits = { maxRunning: 100, perMinute: 2 };
    const first = { token: "a", limits, nowMs: MINUTE_MS };
    expect(await jobs.enqueue(draftOf("a"), first)).toMatchObject({ leased: true });
    await jobs.finish("a", "a", { kind: "handed_over", reason: "busy", retryAtMs: MINUTE_MS });
    expect(await jobs.claim("b", MINUTE_MS)).toMatchObject({ id: "a" });
    await jobs.enqueue(draftOf("c"), { ...first, token: "c" });
    expect(await jobs.claim("d", MINUTE_MS + 20_000)).toBeUndefined();
    expect(await jobs.claim("d", MINUTE_MS + 60_000)).toMatchObject({ id: "c" });
  });

  it("holds up nobody else's jobs by those of a model at its limits", async () => {
    const jobs = fresh();
    const limits = { maxRunning: 1 };
    await jobs.enqueue(draftOf("first"), { token: "t", limits });
    for (let n = 0; n < 60; n += 1) await jobs.enqueue(draftOf(`i${n}`), { limits });
    await jobs.enqueue(draftOf("other", { model: "wine" }), { nowMs: NOW_MS + 1, limits });
    expect(await jobs.claim("u", NOW_MS + 1)).toMatchObject({ id: "other" });
    expect(await jobs.claim("v", NOW_MS + 1)).toBeUndefined();
  });

  it("lets ended jobs go after their time, and no others", async () => {
    const jobs = fresh({ ms: 1_000, jobs: 100, bytes: 1_000_000 });
    await jobs.enqueue(draftOf("done", { key: "k" }), { token: "t" });
    await jobs.enqueue(draftOf("waits"));
    await jobs.finish("done", "t", COMPLETED);
    expect(await jobs.claim("u", NOW_MS + 1_000)).toMatchObject({ id: "waits" });
    expect(await jobs.find("done")).toBeDefined();
    await jobs.claim("v", NOW_MS + 1_001);
    expect(await jobs.find("done")).toBeUndefined();
    expect((await jobs.list()).jobs.map(({ id }) => id)).toEqual(["waits"]);
    expect((await jobs.counts()).counts).toMatchObject({ completed: 0, running: 1 });
    expect(await jobs.enqueue(draftOf("done", { key: "k" }))).toMatchObject({ created: true });
  });

  it("keeps so many ended jobs of each state and so much work, the latest ended", async () => {
    const many = fresh({ ms: 1e9, jobs: 3, bytes: 1_000_000 });
    const heavy = fresh({ ms: 1e9, jobs: 100, bytes: 250 });
    const work = "é".repeat(40);
    for (const jobs of [many, heavy]) {
      for (let n = 0; n < 6; n += 1) {
        await jobs.enqueue(draftOf(`d${n}`, { work }), { token: "t" });
        await jobs.finish(`d${n}`, "t", { kind: "dead", reason: "no" }, NOW_MS + n);
      }
      await jobs.enqueue(draftOf("x", { work }));
      await jobs.cancel("x");
      const left = (await jobs.list({ state: "dead" })).jobs.map(({ id }) => id);
      expect(left).toEqual(["d5", "d4", "d3"]);
      expect((await jobs.counts()).counts).toMatchObject({ dead: 3, dropped: 1 });
      expect(await jobs.retry("d5")).toBe("retried");
      expect((await jobs.counts()).counts).toMatchObject({ dead: 2, queued: 1 });
    }
  });
}
