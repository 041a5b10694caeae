import { expect, it } from "vitest";
import { COMPLETED, draftOf, eventsOf, failedUntil, NOW_MS } from "./subject.ts";
import type { FreshBench } from "./suite.ts";

export function describeEnds(fresh: FreshBench): void {
  it("completes a job", async () => {
    const jobs = fresh();
    await jobs.enqueue(draftOf("a"), { token: "t" });
    expect(await jobs.finish("a", "t", COMPLETED, NOW_MS + 120)).toBe(true);
    const job = await jobs.get("a");
    expect(job).toMatchObject({ state: "completed", durationMs: 120, dueAtMs: NOW_MS + 120 });
    expect(job.reason).toBeUndefined();
    expect(eventsOf(job)).toEqual(["enqueued", "started", "completed"]);
    expect(await jobs.claim("new", NOW_MS + 10_000_000)).toBeUndefined();
  });

  it("tries a failed one again when it is time, until its attempts are used up", async () => {
    const jobs = fresh();
    await jobs.enqueue(draftOf("a", { attempts: 2 }), { token: "1" });
    await jobs.finish("a", "1", failedUntil(NOW_MS + 500.7, "HTTP 500 from there"));
    expect(await jobs.get("a")).toMatchObject({
      state: "queued",
      attempt: 1,
      reason: "HTTP 500 from there",
    });
    expect(await jobs.claim("2", NOW_MS + 499)).toBeUndefined();
    expect(await jobs.claim("2", NOW_MS + 501)).toMatchObject({ id: "a", attempt: 2 });
    await jobs.finish("a", "2", failedUntil(NOW_MS + 900, "timeout"), NOW_MS + 600);
    const dead = await jobs.get("a");
    expect(dead).toMatchObject({ state: "dead", reason: "timeout", attempt: 2 });
    expect(dead.timeline).toEqual([
      { atMs: NOW_MS, event: "enqueued" },
      { atMs: NOW_MS, event: "started" },
      { atMs: NOW_MS, event: "failed", detail: "HTTP 500 from there" },
      { atMs: NOW_MS + 501, event: "started" },
      { atMs: NOW_MS + 600, event: "failed", detail: "timeout" },
      { atMs: NOW_MS + 600, event: "dead", detail: "timeout" },
    ]);
  });

  it("does not count an attempt that was handed over", async () => {
    const jobs = fresh();
    await jobs.enqueue(draftOf("a", { attempts: 1 }), { token: "1" });
    const handed = { kind: "handed_over", reason: "busy", retryAtMs: NOW_MS + 10 } as const;
    for (const token of ["1", "2", "3"]) {
      expect(await jobs.finish("a", token, handed)).toBe(true);
      expect(await jobs.get("a")).toMatchObject({ state: "queued", attempt: 0, reason: "busy" });
      expect(await jobs.claim("early", NOW_MS + 9)).toBeUndefined();
      await jobs.claim(String(Number(token) + 1), NOW_MS + 10);
    }
    expect(await jobs.finish("a", "4", COMPLETED)).toBe(true);
  });

  it.each(["dead", "dropped"] as const)("ends a job as %s", async (kind) => {
    const jobs = fresh();
    await jobs.enqueue(draftOf("a"), { token: "t" });
    expect(await jobs.finish("a", "t", { kind, reason: "not valid: é\nline 2" })).toBe(true);
    const job = await jobs.get("a");
    expect(job).toMatchObject({ state: kind, reason: "not valid: é\nline 2" });
    expect(job.timeline.at(-1)).toEqual({
      atMs: NOW_MS,
      event: kind,
      detail: "not valid: é\nline 2",
    });
  });

  it("says yes to the same end again, and changes nothing more", async () => {
    const jobs = fresh();
    await jobs.enqueue(draftOf("a"), { token: "t" });
    const end = failedUntil(NOW_MS + 5);
    expect(await jobs.finish("a", "t", end)).toBe(true);
    const before = await jobs.get("a");
    expect(await jobs.finish("a", "t", end, NOW_MS + 1)).toBe(true);
    expect(await jobs.finish("a", "t", COMPLETED, NOW_MS + 1)).toBe(false);
    expect(await jobs.finish("a", "other", end, NOW_MS + 1)).toBe(false);
    expect(await jobs.get("a")).toEqual(before);
    expect(await jobs.finish("nobody", "t", end)).toBe(false);
  });

  it("cancels what is queued or running; its holder finds the lease gone", async () => {
    const jobs = fresh();
    await jobs.enqueue(draftOf("a"));
    await jobs.enqueue(draftOf("b"), { token: "t" });
    expect(await jobs.cancel("a")).toBe("cancelled");
    expect(await jobs.cancel("b")).toBe("cancelled");
    expect(await jobs.cancel("b")).toBe("ended");
    expect(await jobs.cancel("c")).toBe("absent");
    expect(await jobs.heartbeat("b", "t", NOW_MS)).toBe(false);
    expect(await jobs.finish("b", "t", COMPLETED)).toBe(false);
    expect(await jobs.get("b")).toMatchObject({ state: "dropped", reason: "cancelled" });
    expect(await jobs.claim("new", NOW_MS + 10_000_000)).toBeUndefined();
  });

  it("queues an ended job again with all its attempts", async () => {
    const jobs = fresh();
    await jobs.enqueue(draftOf("a", { attempts: 1 }), { token: "t" });
    expect(await jobs.retry("a")).toBe("not_ended");
    await jobs.finish("a", "t", failedUntil(0));
    expect(await jobs.retry("a", NOW_MS + 9)).toBe("retried");
    expect(await jobs.retry("a")).toBe("not_ended");
    expect(await jobs.retry("b")).toBe("absent");
    const again = await jobs.get("a");
    expect(again).toMatchObject({ state: "queued", attempt: 0, dueAtMs: NOW_MS + 9 });
    expect(again.reason).toBeUndefined();
    expect(await jobs.claim("new", NOW_MS + 9)).toMatchObject({ id: "a", attempt: 1 });
    expect(eventsOf(await jobs.get("a")).slice(-2)).toEqual(["retried", "started"]);
  });

  it("makes a completed one anew, as if it had never been", async () => {
    const jobs = fresh();
    await jobs.enqueue(draftOf("a"), { token: "t" });
    await jobs.finish("a", "t", COMPLETED);
    expect(await jobs.retry("a", NOW_MS + 9)).toBe("retried");
    const again = await jobs.get("a");
    expect(again).toMatchObject({ state: "queued", attempt: 0 });
    expect(again).not.toHaveProperty("durationMs");
    expect(await jobs.finish("a", "t", COMPLETED)).toBe(false);
  });

  it("does not queue one again while another of its key is queued or running", async () => {
    const jobs = fresh();
    await jobs.enqueue(draftOf("a", { key: "k" }));
    await jobs.cancel("a");
    await jobs.enqueue(draftOf("b", { key: "k" }));
    expect(await jobs.retry("a")).toBe("not_ended");
    await jobs.cancel("b");
    expect(await jobs.retry("a")).toBe("retried");
    expect(await jobs.enqueue(draftOf("c", { key: "k" }))).toMatchObject({ id: "a" });
  });

  it("remembers the last hundred events, oldest first", async () => {
    const jobs = fresh();
    await jobs.enqueue(draftOf("a", { attempts: 1_000 }));
    for (let turn = 0; turn < 55; turn += 1) {
      await jobs.claim(`t${turn}`);
      await jobs.finish("a", `t${turn}`, failedUntil(NOW_MS, `try ${turn}`));
    }
    const { timeline } = await jobs.get("a");
    expect(timeline).toHaveLength(100);
    expect(timeline.at(-1)).toMatchObject({ event: "failed", detail: "try 54" });
    expect(timeline.at(0)).toMatchObject({ event: "started" });
  });
}
