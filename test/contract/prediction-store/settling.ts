import { expect, it } from "vitest";
import type { OutcomeValue, PredictionRecord } from "../../../src/core/model/prediction-record.ts";
import { ok } from "../../../src/core/model/result.ts";
import type { Finishing, SettleStep } from "../../../src/core/ports/settling-store.ts";
import { setOutcome } from "../../../src/core/quality/set-outcome.ts";
import { settleEntity } from "../../../src/core/quality/settle-entity.ts";
import { must } from "../../support/must.ts";
import { addRecords, aRecord } from "../../support/records.ts";
import { DEADLINE_MS, type Subject } from "./subject.ts";

/** How what became of an entity comes to the predictions on it. */
export function describeSettling(subject: Subject): void {
  const entity = () => ({ type: "match", id: `${subject.model}:x` });
  const record = (id: string, more: Partial<PredictionRecord> = {}) =>
    aRecord({ id: `${subject.model}-${id}`, model: subject.model, entity: entity(), ...more });
  const add = (...ids: readonly string[]) =>
    addRecords(
      subject.store,
      ids.map((id) => record(id)),
      Date.now(),
    );
  const finishing = (value: OutcomeValue, rev: number): Finishing => ({
    entity: entity(),
    rev,
    value,
  });
  const deps = () => ({ predictions: subject.store, clock: Date });
  const finish = async (value: OutcomeValue, rev: number, again = true) => {
    const how = { untilMs: Date.now() + 60_000, again };
    return must(await settleEntity(deps(), finishing(value, rev), how)).counts;
  };
  const next = async (value: OutcomeValue, rev: number, limit = 10) =>
    must(
      await subject.store.nextToSettle(
        finishing(value, rev),
        { limit, again: false },
        Date.now(),
        DEADLINE_MS,
      ),
    );
  const names = ({ waiting }: Pick<SettleStep, "waiting">) =>
    waiting.map(({ id }) => id.slice(subject.model.length + 1));
  /** Settles a page as if it had expired, and takes the next one. */
  const drop = async ({ round = "", waiting }: SettleStep, limit = 10) => {
    const settling = { entity: entity(), round };
    const gone = waiting.map(({ id }) => ({ kind: "gone", id }) as const);
    const how = { limit };
    return must(await subject.store.settle(settling, gone, how, Date.now(), DEADLINE_MS));
  };
  const byHand = (id: string, value: string, replace = false) =>
    setOutcome(deps(), { id: `${subject.model}-${id}`, value, replace });
  const outcomesOf = async (...ids: readonly string[]) => {
    const names = ids.map((id) => `${subject.model}-${id}`);
    const found = must(await subject.store.get(names, DEADLINE_MS));
    return found.map((kept) => kept?.outcome?.value);
  };
  const sums = async () =>
    must(await subject.store.counters(subject.model, "1970-01-01", DEADLINE_MS))[0]?.counters;
  const NONE = { settled: 0, unchanged: 0, conflicting: 0, invalid: 0, pending: 0 };
  const waiting = async () =>
    must(await subject.store.unsettled(1_000, DEADLINE_MS)).filter(
      (one) => one.entity.id === entity().id,
    );

  it("hands out the ids on an entity, newest first, and each once it is done no more", async () => {
    const at = (second: number) => `2026-11-20T10:00:0${second}.000Z`;
    const records = ["a", "b", "c"].map((id, index) => record(id, { at: at(index) }));
    await addRecords(
      subject.store,
      [...records, record("other", { entity: undefined })],
      Date.now(),
    );
    const first = await next("a", 1, 2);
    expect(first.waiting.map((one) => one.record)).toEqual([records[2], records[1]]);
    expect(first.totals.pending).toBe(3);
    const told = await drop(first);
    expect(told).toMatchObject({ isCurrent: true, changed: 0, totals: { pending: 1 } });
    expect(names(told)).toEqual(["a"]);
    expect(names(await next("a", 1))).toEqual(["a"]);
  });

  it("follows the entity, and takes out of the counters what it had given", async () => {
    await add("a", "b");
    const before = await sums();
    expect(await finish("a", 1)).toEqual({ ...NONE, settled: 2 });
    expect((await sums())?.get("n")).toBe(2n);
    expect(await finish("a", 1)).toEqual({ ...NONE, unchanged: 2 });
    expect(await finish("b", 3)).toEqual({ ...NONE, settled: 2 });
    expect(await outcomesOf("a", "b")).toEqual(["b", "b"]);
    expect((await sums())?.get("n")).toBe(2n);
    expect(await finish("banana", 4)).toEqual({ ...NONE, invalid: 2 });
    expect(await outcomesOf("a", "b")).toEqual([undefined, undefined]);
    expect(await sums()).toEqual(before);
  });

  it("leaves what somebody recorded by hand, and counts it as conflicting until it is not", async () => {
    await add("a", "b", "c");
    must(await byHand("a", "b"));
    must(await byHand("b", "a"));
    expect(await finish("a", 1)).toEqual({ ...NONE, settled: 1, unchanged: 1, conflicting: 1 });
    expect(await outcomesOf("a", "b", "c")).toEqual(["b", "a", "a"]);
    expect(await byHand("c", "b")).toMatchObject({ failure: { reason: "outcome_conflict" } });
    must(await byHand("a", "a", true));
    must(await byHand("c", "b", true));
    expect(await finish("a", 1)).toEqual({ ...NONE, unchanged: 3 });
    expect(await finish("b", 2)).toEqual({ ...NONE, unchanged: 1, conflicting: 2 });
    expect(await outcomesOf("a", "b", "c")).toEqual(["a", "a", "b"]);
  });

  it("tells whose an outcome is, in the record and in the archive's copy", async () => {
    await add("a", "b");
    must(await byHand("b", "a"));
    await finish("a", 1);
    const ids = ["a", "b"].map((id) => `${subject.model}-${id}`);
    const [a, b] = must(await subject.store.get(ids, DEADLINE_MS));
    expect([a?.outcome, a?.rev]).toEqual([{ value: "a", at: expect.any(String), by: "entity" }, 2]);
    expect(b?.outcome).toEqual({ value: "a", at: expect.any(String) });
    const waits = must(await subject.store.unarchived(10_000, DEADLINE_MS));
    expect(waits.find((kept) => kept.record.id === ids[0])?.outcome?.by).toBe("entity");
    must(await byHand("a", "b", true));
    const [replaced] = must(await subject.store.get(ids, DEADLINE_MS));
    expect(replaced?.outcome).toEqual({ value: "b", at: expect.any(String) });
  });

  it("lets no earlier finishing undo a later one, whenever its calls come", async () => {
    await add("a");
    const early = await next("a", 1);
    await finish("b", 2);
    const settling = { entity: entity(), round: early.round ?? "" };
    const change = { kind: "set", record: record("a"), value: "a", at: "x", counters: new Map() };
    const late = await subject.store.settle(
      settling,
      [{ ...change, kind: "set" }],
      { limit: 10 },
      Date.now(),
      DEADLINE_MS,
    );
    expect(must(late)).toMatchObject({ isCurrent: false, changed: 0, waiting: [] });
    expect(await next("a", 1)).toEqual({ waiting: [], totals: expect.anything() });
    expect(await finish("a", 1)).toEqual({ ...NONE, unchanged: 1 });
    expect(await outcomesOf("a")).toEqual(["b"]);
  });

  it("goes on at the same outcome of a higher revision, and begins anew at another one", async () => {
    await add("a", "b");
    expect((await next("a", 1)).totals.pending).toBe(2);
    await finish("a", 2);
    expect((await next("a", 5)).totals).toMatchObject({ settled: 2, pending: 0 });
    expect((await next("b", 6)).totals).toMatchObject({ settled: 0, pending: 2 });
  });

  it("has what is recorded later wait in the step that keeps it, and knows who waits", async () => {
    await add("a");
    expect(await waiting()).toEqual([]);
    await finish("a", 1);
    expect(await waiting()).toEqual([]);
    await add("a", "b");
    const [one, ...more] = await waiting();
    expect([one?.entity, more]).toEqual([entity(), []]);
    expect((await next("a", 1)).totals).toMatchObject({ settled: 1, pending: 1 });
    must(await subject.store.forgetUnsettled({ entity: entity(), sinceMs: 1 }, DEADLINE_MS));
    expect(await waiting()).toEqual([one]);
    if (one !== undefined) must(await subject.store.forgetUnsettled(one, DEADLINE_MS));
    expect(await waiting()).toEqual([]);
    expect(await finish("a", 1)).toEqual({ ...NONE, settled: 1, unchanged: 1 });
  });

  it("goes by the page through more ids than go into one command, all of one millisecond", async () => {
    const ids = Array.from({ length: 1_100 }, (_, index) => `many-${index}`);
    for (let at = 0; at < ids.length; at += 100) await add(...ids.slice(at, at + 100));
    const { round, ...first } = await next("a", 1, 5);
    expect([first.waiting.length, first.totals.pending]).toEqual([5, 1_100]);
    const met = names(first);
    let page: Omit<SettleStep, "round"> = await drop({ ...first, round }, 0);
    expect([page.waiting, page.totals.pending]).toEqual([[], 1_095]);
    expect(await waiting()).toHaveLength(1);
    page = await next("a", 1, 5);
    met.push(...names(page));
    while (page.waiting.length > 0) {
      page = await drop({ ...page, round }, 100);
      met.push(...names(page));
      expect(page.totals.pending).toBe(1_100 - met.length + page.waiting.length);
    }
    expect([met.length, new Set(met).size]).toEqual([1_100, 1_100]);
    expect(await waiting()).toEqual([]);
  });

  it("hands out once what is recorded meanwhile, before the walk and behind it", async () => {
    const at = (second: number) => `2026-11-20T10:00:0${second}.000Z`;
    const put = (id: string, second: number) =>
      addRecords(subject.store, [record(id, { at: at(second) })], Date.now());
    for (const [index, id] of ["b", "d", "f", "h"].entries()) await put(id, 2 * index + 1);
    const first = await next("a", 1, 2);
    expect(names(first)).toEqual(["h", "f"]);
    // Later than all, between what is handed out, of a millisecond with some, and still ahead.
    for (const [id, second] of [
      ["i", 8],
      ["g", 6],
      ["f2", 5],
      ["c", 2],
      ["a", 0],
    ] as const) {
      await put(id, second);
    }
    expect((await next("a", 1, 2)).totals.pending).toBe(9);
    const met = names(first);
    let page: SettleStep = first;
    while (page.waiting.length > 0) {
      page = { ...(await drop(page, 2)), round: first.round };
      met.push(...names(page));
    }
    expect(met.toSorted()).toEqual(["a", "b", "c", "d", "f", "f2", "g", "h", "i"]);
    expect(await waiting()).toEqual([]);
  });

  it("begins anew in the middle of a walk, and meets all once more", async () => {
    await add("a", "b", "c");
    await drop(await next("a", 1, 1), 1);
    const again = await next("b", 2, 1);
    expect(again.totals).toEqual({ settled: 0, conflicting: 0, invalid: 0, pending: 3 });
    expect(await finish("b", 2)).toEqual({ ...NONE, settled: 3 });
  });

  it("hands out records by the page that one answer can hold", async () => {
    const inputs = "x".repeat(150_000);
    for (const id of ["a", "b", "c"]) {
      await addRecords(subject.store, [record(id, { inputs })], Date.now());
    }
    const first = await next("a", 1);
    const { round } = first;
    const met = names(first);
    for (let page = first; page.waiting.length > 0; ) {
      page = { ...(await drop(page)), round };
      met.push(...names(page));
    }
    expect(met.toSorted()).toEqual(["a", "b", "c"]);
  });

  it("looks at what has expired no more, and counts it nowhere", async () => {
    await add("a", "b");
    const { store } = subject;
    const withoutA = ({ waiting, ...step }: SettleStep) => {
      const isA = (id: string) => id.endsWith("-a");
      return ok({ ...step, waiting: waiting.map((one) => (isA(one.id) ? { id: one.id } : one)) });
    };
    const predictions = {
      ...store,
      nextToSettle: async (...given: Parameters<typeof store.nextToSettle>) =>
        withoutA(must(await store.nextToSettle(...given))),
    };
    const how = { untilMs: Date.now() + 60_000, again: true };
    const told = await settleEntity({ predictions, clock: Date }, finishing("a", 1), how);
    expect(must(told)).toEqual({ counts: { ...NONE, settled: 1 }, looked: 2 });
  });
}
