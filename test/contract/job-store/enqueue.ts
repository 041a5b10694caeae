import { expect, it } from "vitest";
import { COMPLETED, draftOf, eventsOf, LEASE_MS, NOW_MS } from "./subject.ts";
import type { FreshBench } from "./suite.ts";

const UNICODE = 'ünïcode 日本語 🌊 "quoted" \\ \n\t\u0000 ';

export function describeEnqueue(fresh: FreshBench): void {
  it("keeps a job as it was given", async () => {
    const jobs = fresh();
    const draft = draftOf("a", { conversationId: "talk", requestId: "", version: "12" });
    expect(await jobs.enqueue(draft, { limits: { maxRunning: 2, perMinute: 7 } })).toEqual({
      id: "a",
      created: true,
      leased: false,
    });
    expect(await jobs.get("a")).toEqual({
      ...draft,
      state: "queued",
      attempt: 0,
      limits: { maxRunning: 2, perMinute: 7 },
      createdAtMs: NOW_MS,
      dueAtMs: NOW_MS,
      timeline: [{ atMs: NOW_MS, event: "enqueued" }],
    });
    expect(await jobs.find("b")).toBeUndefined();
  });

  it("takes ids, keys and models that are words of options, lists and numbers", async () => {
    const jobs = fresh();
    for (const word of ["limit", "nx", "12345", "due", "all", "état 🌊", "a b:c", "withscores"]) {
      await jobs.enqueue(draftOf(word, { key: word, model: word, version: word, work: word }));
      const claimed = await jobs.claim(word);
      expect(claimed).toMatchObject({ id: word, key: word, model: word, work: word });
      expect(await jobs.finish(word, word, { kind: "dead", reason: word })).toBe(true);
      expect(await jobs.get(word)).toMatchObject({ state: "dead", reason: word });
    }
  });

  it("keeps 400 KB of work exactly as written, in every script of the world", async () => {
    const jobs = fresh();
    const work = UNICODE.repeat(Math.ceil(400_000 / new TextEncoder().encode(UNICODE).length));
    await jobs.enqueue(draftOf("big", { work }));
    expect((await jobs.claim("t"))?.work === work).toBe(true);
    expect((await jobs.get("big")).work === work).toBe(true);
  });

  it("keeps a job without work", async () => {
    const jobs = fresh();
    await jobs.enqueue(draftOf("a", { work: "" }));
    expect(await jobs.get("a")).toMatchObject({ work: "" });
  });

  it("is one job for each key while it is queued or running", async () => {
    const jobs = fresh();
    const key = "the same";
    await jobs.enqueue(draftOf("a", { key }));
    const second = { id: "a", created: false, leased: false };
    expect(await jobs.enqueue(draftOf("b", { key }), { token: "t" })).toEqual(second);
    await jobs.claim("t");
    expect(await jobs.enqueue(draftOf("c", { key }))).toEqual(second);
    await jobs.finish("a", "t", COMPLETED);
    expect(await jobs.enqueue(draftOf("d", { key }))).toMatchObject({ id: "d", created: true });
    expect(await jobs.find("b")).toBeUndefined();
  });

  it("makes one job of twenty that come at once with one key", async () => {
    const jobs = fresh();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        jobs.enqueue(draftOf(`j${index}`, { key: "one" }), { token: `t${index}` }),
      ),
    );
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    expect(answers.filter(({ created }) => created)).toHaveLength(1);
    expect(answers.filter(({ leased }) => leased)).toHaveLength(1);
    expect((await jobs.list()).jobs).toHaveLength(1);
  });

  it("begins at once with a lease", async () => {
    const jobs = fresh();
    expect(await jobs.enqueue(draftOf("a"), { token: "t" })).toMatchObject({ leased: true });
    const job = await jobs.get("a");
    expect(job).toMatchObject({ state: "running", attempt: 1, dueAtMs: NOW_MS + LEASE_MS });
    expect(eventsOf(job)).toEqual(["enqueued", "started"]);
    expect(await jobs.claim("other")).toBeUndefined();
  });

  it("answers a repetition as it answered first, whatever became of the first answer", async () => {
    const jobs = fresh();
    const first = await jobs.enqueue(draftOf("a"), { token: "t" });
    expect(await jobs.enqueue(draftOf("a"), { token: "t", nowMs: NOW_MS + 50 })).toEqual(first);
    expect(await jobs.enqueue(draftOf("a"), { token: "other" })).toMatchObject({ leased: false });
    expect(await jobs.get("a")).toMatchObject({ attempt: 1 });
    expect((await jobs.list()).jobs).toHaveLength(1);
    await jobs.finish("a", "t", COMPLETED);
    expect(await jobs.enqueue(draftOf("a"), { token: "t" })).toEqual({
      id: "a",
      created: true,
      leased: false,
    });
    expect(await jobs.get("a")).toMatchObject({ state: "completed" });
  });

  it("does not tell a repetition that it holds a lease which has ended", async () => {
    const jobs = fresh();
    await jobs.enqueue(draftOf("a"), { token: "t" });
    const repeated = { token: "t", nowMs: NOW_MS + LEASE_MS };
    expect(await jobs.enqueue(draftOf("a"), repeated)).toMatchObject({ leased: false });
    expect(await jobs.claim("other", NOW_MS + LEASE_MS)).toMatchObject({ id: "a", attempt: 2 });
  });
}
