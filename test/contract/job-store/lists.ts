import { expect, it } from "vitest";
import { type Bench, draftOf, NOW_MS } from "./subject.ts";
import type { FreshBench } from "./suite.ts";

const idsOf = async (jobs: Bench, options: Parameters<Bench["list"]>[0]) =>
  (await jobs.list(options)).jobs.map(({ id }) => id);

export function describeLists(fresh: FreshBench): void {
  it("lists the newest first, page by page, without the work", async () => {
    const jobs = fresh();
    for (let n = 0; n < 7; n += 1) await jobs.enqueue(draftOf(`j${n}`));
    const pages: string[][] = [];
    let cursor: string | undefined;
    do {
      const page = await jobs.list({ limit: 3, ...(cursor === undefined ? {} : { cursor }) });
      pages.push(page.jobs.map(({ id }) => id));
      cursor = page.cursor;
      // A new one at the top moves no page.
      await jobs.enqueue(draftOf(`late${pages.length}`));
    } while (cursor !== undefined);
    expect(pages).toEqual([["j6", "j5", "j4"], ["j3", "j2", "j1"], ["j0"]]);
    const [first] = (await jobs.list({ limit: 1 })).jobs;
    expect(first).toMatchObject({ id: "late3", timeline: [{ event: "enqueued" }] });
    expect(first).not.toHaveProperty("work");
    expect(await fresh().list()).toEqual({ jobs: [] });
  });

  it("has no cursor when a page ends with the last one", async () => {
    const jobs = fresh();
    for (const id of ["a", "b"]) await jobs.enqueue(draftOf(id));
    expect(await jobs.list({ limit: 2 })).not.toHaveProperty("cursor");
  });

  it("lists by state, by model and by both", async () => {
    const jobs = fresh();
    await jobs.enqueue(draftOf("a"), { token: "t" });
    await jobs.enqueue(draftOf("b"));
    await jobs.enqueue(draftOf("c", { model: "wine" }));
    await jobs.enqueue(draftOf("d", { model: "wine" }), { token: "u" });
    expect(await idsOf(jobs, { state: "running" })).toEqual(["d", "a"]);
    expect(await idsOf(jobs, { model: "wine" })).toEqual(["d", "c"]);
    expect(await idsOf(jobs, { model: "wine", state: "queued" })).toEqual(["c"]);
    expect(await idsOf(jobs, { model: "nothing" })).toEqual([]);
    await jobs.finish("d", "u", { kind: "dead", reason: "no" });
    expect(await idsOf(jobs, { model: "wine", state: "running" })).toEqual([]);
    expect(await idsOf(jobs, { model: "wine", state: "dead" })).toEqual(["d"]);
    expect(await idsOf(jobs, { model: "wine" })).toEqual(["d", "c"]);
  });

  it("counts each state and tells the oldest that has not ended", async () => {
    const jobs = fresh();
    expect(await jobs.counts()).toEqual({
      counts: { queued: 0, running: 0, completed: 0, dead: 0, dropped: 0 },
      oldestMs: 0,
      meanDurationMs: 0,
      p95DurationMs: 0,
    });
    await jobs.enqueue(draftOf("a"), { token: "t", nowMs: NOW_MS - 9_000 });
    await jobs.enqueue(draftOf("b"), { nowMs: NOW_MS - 5_000 });
    await jobs.enqueue(draftOf("c"));
    await jobs.cancel("c");
    expect(await jobs.counts()).toMatchObject({
      counts: { queued: 1, running: 1, completed: 0, dead: 0, dropped: 1 },
      oldestMs: 9_000,
    });
    await jobs.finish("a", "t", { kind: "dead", reason: "no" });
    expect(await jobs.counts()).toMatchObject({ oldestMs: 5_000 });
  });

  it("tells the mean and the 95th percentile of what took how long", async () => {
    const jobs = fresh();
    for (let n = 1; n <= 20; n += 1) {
      await jobs.enqueue(draftOf(`j${n}`), { token: "t" });
      await jobs.finish(`j${n}`, "t", { kind: "completed", durationMs: n * 10 });
    }
    expect(await jobs.counts()).toMatchObject({ meanDurationMs: 105, p95DurationMs: 190 });
  });
}
