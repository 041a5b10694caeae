import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { OutcomeValue, PredictionRecord } from "../../../src/core/model/prediction-record.ts";
import type { OutcomeChanged, PredictionStore } from "../../../src/core/ports/prediction-store.ts";
import { addCounters } from "../../../src/core/quality/metrics/counters.ts";
import { predictionCounters } from "../../../src/core/quality/metrics/prediction-counters.ts";
import { must } from "../../support/must.ts";
import { aDraft, addRecords, aRecord, DAY_MS } from "../../support/records.ts";
import type { StartedStore } from "../../support/redis-stores.ts";
import { describeInterleavings } from "./interleavings.ts";
import { describeLists } from "./lists.ts";
import { describeSettling } from "./settling.ts";
import { DEADLINE_MS, type Subject } from "./subject.ts";

/** The promises of the prediction store port. */
export function describePredictionStore(start: () => Promise<StartedStore<PredictionStore>>): void {
  let started: StartedStore<PredictionStore>;
  let models = 0;
  const subject: Subject = {
    get store() {
      return started.store;
    },
    model: "",
  };
  beforeAll(async () => {
    started = await start();
  });
  beforeEach(() => {
    models += 1;
    subject.model = `model-${models}`;
  });
  afterAll(() => started?.stop());

  describe("records and outcomes", () => describeRecords(subject));
  describe("lists", () => describeLists(subject));
  describe("outcomes of entities", () => describeSettling(subject));
  describe("any interleaving", () => describeInterleavings(subject));
}

function describeRecords(subject: Subject): void {
  const record = (id: string, more: Partial<PredictionRecord> = {}) =>
    aRecord({ id: `${subject.model}-${id}`, model: subject.model, ...more });
  const add = (...records: readonly PredictionRecord[]) =>
    addRecords(subject.store, records, Date.now());
  const read = async ({ id }: PredictionRecord) =>
    must(await subject.store.get([id], DEADLINE_MS))[0];
  const counters = async () =>
    must(await subject.store.counters(subject.model, "1970-01-01", DEADLINE_MS));
  const set = async (
    of: PredictionRecord,
    value: OutcomeValue,
    names: Readonly<Record<string, number>>,
    replace = false,
  ): Promise<OutcomeChanged> => {
    const outcome = { value, at: "2026-11-28T10:00:00.000Z" };
    const added = new Map(Object.entries(names).map(([name, by]) => [name, BigInt(by)]));
    const change = { record: of, outcome, counters: added, replace };
    const [changed] = must(await subject.store.setOutcomes([change], Date.now(), DEADLINE_MS));
    if (changed === undefined) throw new Error("no answer");
    return changed;
  };

  it("gives a record back exactly as it was, whatever is in it", async () => {
    const odd = record("odd é 🌊:1", {
      inputs: { 'a"b\n': [1, null, "x"], __proto: 1e-300 },
      output: {
        label: "c'est \u0000 ünï",
        probabilities: { "c'est \u0000 ünï": 0.1 + 0.2 },
        outputs: { "y 🌊": ["9223372036854775807", 0.1, "NaN"], empty: "" },
      },
      output_omitted: true,
      entity: { type: "order", id: "a:b c" },
    });
    expect(await add(odd)).toBe(1);
    expect(await read(odd)).toEqual({ record: odd, rev: 1 });
  });

  it("answers many in their order, and nothing for one that is not there", async () => {
    const [a, b] = [record("a"), record("b")];
    await add(a, b);
    const found = must(await subject.store.get([b.id, "nothing", a.id], DEADLINE_MS));
    expect(found).toEqual([{ record: b, rev: 1 }, undefined, { record: a, rev: 1 }]);
    expect(must(await subject.store.get([], DEADLINE_MS))).toEqual([]);
  });

  it("counts a record once, however often it is sent", async () => {
    const [a, b] = [record("a"), record("b")];
    expect(await add(a)).toBe(1);
    expect(await add(a, b)).toBe(1);
    expect(await add(a, b)).toBe(0);
    const [group] = await counters();
    expect(group?.counters.get("p:n")).toBe(2n);
    expect(group?.counters.get("p:label:a")).toBe(2n);
  });

  it("counts by version, strategy, route and day of the prediction", async () => {
    await add(
      record("a"),
      record("b", { version: "2", route: "canary:2" }),
      record("c", { strategy: "premium" }),
      record("d", { at: "2026-11-21T00:00:00.000Z" }),
    );
    const found = await counters();
    expect(
      found.map(({ group }) => [group.version, group.strategy, group.route, group.day]).sort(),
    ).toEqual([
      ["1", "fast", "production:1", "2026-11-20"],
      ["1", "fast", "production:1", "2026-11-21"],
      ["1", "premium", "production:1", "2026-11-20"],
      ["2", "fast", "canary:2", "2026-11-20"],
    ]);
    const later = must(await subject.store.counters(subject.model, "2026-11-21", DEADLINE_MS));
    expect(later.map(({ group }) => group.day)).toEqual(["2026-11-21"]);
    expect(must(await subject.store.counters("other", "1970-01-01", DEADLINE_MS))).toEqual([]);
  });

  it("tells versions apart by whatever name, and takes none for another", async () => {
    const versions = ["2", "other@2", "llama3:8b@unknown", "a%3Ab@1", "a:b@1", "100%@premium:x"];
    await add(...versions.map((version, index) => record(`v-${index}`, { version })));
    const found = (await counters()).map(({ group, counters: sums }) => [
      ...[group.version, group.strategy, group.route, group.day],
      sums.get("p:n"),
    ]);
    const each = versions.map((version) => [version, "fast", "production:1", "2026-11-20", 1n]);
    expect(found.sort()).toEqual(each.sort());
  });

  it("takes five hundred at once, of several groups and times, and counts each once", async () => {
    const records = Array.from({ length: 500 }, (_, index) =>
      record(`many-${index}`, {
        version: String(index % 3),
        output: { value: (index - 250) / 3 },
        entity: { type: subject.model, id: String(index % 7) },
      }),
    );
    await add(...records.slice(0, 100));
    const drafts = [...records, ...records.slice(450)].map((one, index) =>
      aDraft(one, (index % 2 === 0 ? 30 : 400) * DAY_MS),
    );
    expect(must(await subject.store.add(drafts, Date.now(), DEADLINE_MS))).toBe(400);
    const sums = new Map((await counters()).map((one) => [one.group.version, one.counters]));
    for (const version of ["0", "1", "2"]) {
      const right = new Map<string, bigint>();
      for (const one of records) {
        if (one.version === version) addCounters(right, predictionCounters(one));
      }
      expect(sums.get(version)).toEqual(right);
    }
    expect((await read(records[499] as PredictionRecord))?.rev).toBe(1);
  });

  it("forgets a record after its time, and not what it counted", async () => {
    const brief = record("brief");
    must(await subject.store.add([aDraft(brief, 1_000)], Date.now(), DEADLINE_MS));
    expect(await read(brief)).toBeDefined();
    await expect.poll(() => read(brief)).toBeUndefined();
    expect((await counters())[0]?.counters.get("p:n")).toBe(1n);
    expect(await set(brief, "a", { n: 1 })).toEqual({ kind: "absent" });
    expect((await counters())[0]?.counters.get("n")).toBeUndefined();
  });

  it("sets an outcome once, and says so when it comes again", async () => {
    const a = record("a");
    await add(a);
    const outcome = { value: "a", at: "2026-11-28T10:00:00.000Z" };
    expect(await set(a, "a", { n: 1, correct: 1 })).toEqual({ kind: "set", outcome, rev: 2 });
    expect(await set(a, "a", { n: 1, correct: 1 })).toEqual({ kind: "unchanged", outcome, rev: 2 });
    expect(await set(a, "b", { n: 1 })).toEqual({ kind: "conflict", outcome });
    expect(await read(a)).toEqual({ record: a, rev: 2, outcome });
    expect((await counters())[0]?.counters.get("n")).toBe(1n);
  });

  it("takes out just what the outcome before had added, and leaves no counter at 0", async () => {
    const [a, b] = [record("a"), record("b")];
    await add(a, b);
    const before = (await counters())[0]?.counters;
    await set(a, "a", { n: 1, "ll:-3": -16_777_215, 'cm:["a","a"]': 1 });
    await set(b, "a", { n: 1, "ll:-3": 5 });
    expect(await set(a, "b", { n: 1, "ll:0": 7 }, true)).toMatchObject({ kind: "set", rev: 3 });
    const sums = (await counters())[0]?.counters;
    expect(sums).toEqual(new Map([...(before ?? []), ["n", 2n], ["ll:-3", 5n], ["ll:0", 7n]]));
  });

  it("sets many in their order, one prediction's own among them", async () => {
    const [a, b] = [record("a"), record("b")];
    await add(a, b);
    const change = (of: PredictionRecord, value: string, replace = false) => ({
      record: of,
      outcome: { value, at: "2026-11-28T10:00:00.000Z" },
      counters: new Map([[`is:${value}`, 1n]]),
      replace,
    });
    const changes = [
      change(a, "x"),
      change(record("gone"), "x"),
      change(a, "y"),
      change(b, "y"),
      change(a, "z", true),
      change(b, "y"),
    ];
    const told = must(await subject.store.setOutcomes(changes, Date.now(), DEADLINE_MS));
    expect(told.map(({ kind }) => kind)).toEqual([
      "set",
      "absent",
      "conflict",
      "set",
      "set",
      "unchanged",
    ]);
    const sums = (await counters())[0]?.counters;
    expect(["is:x", "is:y", "is:z"].map((name) => sums?.get(name))).toEqual([undefined, 1n, 1n]);
    expect(must(await subject.store.setOutcomes([], Date.now(), DEADLINE_MS))).toEqual([]);
  });

  it("keeps numbers, truth and odd texts apart as outcomes", async () => {
    const values = [0, "0", 1.5, -1e-300, true, "true", "null", '"', "ünï\n"];
    for (const [index, value] of values.entries()) {
      const one = record(`value-${index}`);
      await add(one);
      await set(one, value, { n: 1 });
      expect((await read(one))?.outcome?.value).toBe(value);
    }
  });

  it("hands out what is to be archived until it is marked with the revision that was read", async () => {
    const [a, b] = [record("a"), record("b")];
    await add(a, b);
    const mine = async () =>
      must(await subject.store.unarchived(10_000, DEADLINE_MS)).filter(
        (kept) => kept.record.model === subject.model,
      );
    const first = await mine();
    expect(first.map(({ record: { id }, rev }) => [id, rev])).toEqual([
      [a.id, 1],
      [b.id, 1],
    ]);
    await set(b, "a", { n: 1 });
    const marks = first.map(({ record: { id }, rev }) => ({ id, rev }));
    must(await subject.store.markArchived(marks, DEADLINE_MS));
    expect((await mine()).map(({ record: { id }, rev }) => [id, rev])).toEqual([[b.id, 2]]);
    must(await subject.store.markArchived([{ id: b.id, rev: 2 }], DEADLINE_MS));
    expect(await mine()).toEqual([]);
  });
}
