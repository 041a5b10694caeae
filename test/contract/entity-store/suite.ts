import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EntityContent, EntityState } from "../../../src/core/model/entity.ts";
import type { EntityStore } from "../../../src/core/ports/entity-store.ts";
import { must } from "../../support/must.ts";
import type { StartedStore } from "../../support/redis-stores.ts";

const DEADLINE_MS = 10_000;
const MAX_BYTES = 1_000_000;

const content = (more: Partial<EntityContent> = {}): EntityContent => ({
  state: "open",
  features: {},
  createdAtMs: 1_700_000_000_000,
  updatedAtMs: 1_700_000_000_001,
  ...more,
});

/** Each has come back otherwise from some client. */
const FEATURES: readonly (readonly [what: string, features: Record<string, unknown>])[] = [
  ["nothing", {}],
  ["numbers to their last digit", { a: 0.1, b: -1e-300, c: 9_007_199_254_740_991 }],
  ["text that looks like numbers, null and options", { a: "12345", b: "null", c: "nx", d: "OK" }],
  ["null, truth and nested values", { a: null, b: true, c: [1, [2, { d: "e" }]] }],
  ["unicode in names and values", { "größe 日本": "ünïcode 🌊 \u2028" }],
  ["line breaks, quotes, backslashes and NUL", { "a\nb": 'c\r\n"d" \\n \u0000' }],
  ["half a surrogate pair", { a: "\ud83c" }],
  ["a feature called __proto__", JSON.parse('{"__proto__": 1, "constructor": 2}')],
  ["64 KB", { text: "0123456789".repeat(6_400) }],
];

/** The promises of the entity store port. */
export function describeEntityStore(start: () => Promise<StartedStore<EntityStore>>): void {
  let started: StartedStore<EntityStore>;
  let type = "";
  let types = 0;
  beforeAll(async () => {
    started = await start();
  });
  afterAll(() => started?.stop());

  const freshType = () => {
    types += 1;
    type = `type_${types}-x`;
  };
  const getMany = async (...ids: string[]) =>
    must(await started.store.getMany(type, ids, DEADLINE_MS, MAX_BYTES));
  const swap = async (id: string, expectedRev: number, next: EntityContent | undefined) => {
    const write = { id, expectedRev, content: next };
    return must(await started.store.swapMany(type, [write], DEADLINE_MS))[0];
  };
  const make = async (id: string, state: EntityState = "open") => {
    const outcome = state === "finished" ? { outcome: 1 } : {};
    return (await swap(id, 0, content({ state, ...outcome }))) ?? 0;
  };
  const page = async (
    limit: number,
    more: { state?: EntityState; after?: string; maxBytes?: number } = {},
  ) => {
    const { entities, nextAfter } = must(
      await started.store.list(type, { limit, maxBytes: MAX_BYTES, ...more }, DEADLINE_MS),
    );
    return { ids: entities.map(({ id }) => id), nextAfter };
  };

  it("knows an absent one from every other", async () => {
    freshType();
    expect(await getMany("nobody")).toEqual([undefined]);
    expect(await getMany()).toEqual([]);
  });

  it.each(FEATURES)("returns features exactly as written: %s", async (_what, features) => {
    freshType();
    const rev = await swap("it", 0, content({ features }));
    const [found] = await getMany("it");
    expect(found).toEqual({ type, id: "it", ...content({ features }), rev });
    expect(JSON.stringify(found?.features)).toBe(JSON.stringify(features));
  });

  it.each(["yes", "", "12", "nx", "a\nb\u0000", "日本", 0, -1.5e-7, true, false])(
    "returns the outcome %j exactly as written",
    async (outcome) => {
      freshType();
      await swap("it", 0, content({ state: "finished", outcome }));
      expect((await getMany("it"))[0]).toMatchObject({ state: "finished", outcome });
    },
  );

  it("takes ids that are options' words, numbers, and of 256 characters", async () => {
    freshType();
    const ids = ["nx", "ex", "limit", "1", "0", "a:b@c+d=e~f", "open", "x".repeat(256)];
    for (const id of ids) expect(await make(id)).toBeGreaterThan(0);
    expect((await getMany(...ids)).map((entity) => entity?.id)).toEqual(ids);
    expect((await page(100)).ids).toEqual(ids.toSorted());
  });

  it("swaps only what is as it was read", async () => {
    freshType();
    const first = await make("it");
    expect(await swap("it", 0, content())).toBeUndefined();
    expect(await swap("it", first + 1, content())).toBeUndefined();
    const second = (await swap("it", first, content({ features: { a: 2 } }))) ?? 0;
    expect(second).toBeGreaterThan(first);
    expect(await swap("it", first, undefined)).toBeUndefined();
    expect((await getMany("it"))[0]).toMatchObject({ features: { a: 2 }, rev: second });
  });

  it("gives no revision twice, nor to one that comes again after it was deleted", async () => {
    freshType();
    const first = await make("it");
    expect(await swap("it", first, undefined)).toBeGreaterThan(first);
    expect(await getMany("it")).toEqual([undefined]);
    const again = await make("it");
    expect(again).toBeGreaterThan(first);
    expect(await swap("it", first, content())).toBeUndefined();
  });

  it("does not let one entity's failure keep back the others of a batch", async () => {
    freshType();
    const rev = await make("b");
    const writes = [
      { id: "a", expectedRev: 0, content: content() },
      { id: "b", expectedRev: rev + 7, content: content({ features: { lost: 1 } }) },
      { id: "c", expectedRev: 0, content: content({ state: "finished", outcome: "x" }) },
      { id: "d", expectedRev: 3, content: undefined },
    ];
    const revs = must(await started.store.swapMany(type, writes, DEADLINE_MS));
    expect(revs.map((one) => one !== undefined)).toEqual([true, false, true, false]);
    expect((await getMany("a", "b", "c", "d")).map((one) => one?.state)).toEqual([
      "open",
      "open",
      "finished",
      undefined,
    ]);
    expect((await getMany("b"))[0]?.features).toEqual({});
  });

  it("lets one of many writers at once win, each time", async () => {
    freshType();
    let rev = 0;
    for (let round = 0; round < 5; round += 1) {
      const read = rev;
      const revs = await Promise.all(
        Array.from({ length: 10 }, (_, who) => swap("it", read, content({ features: { who } }))),
      );
      const winners = [...revs.entries()].filter(([, won]) => won !== undefined);
      expect(winners).toHaveLength(1);
      const [who = -1, won = 0] = winners[0] ?? [];
      expect((await getMany("it"))[0]).toMatchObject({ features: { who }, rev: won });
      rev = won;
    }
  });

  it("keeps types apart", async () => {
    freshType();
    await make("it");
    freshType();
    expect(await getMany("it")).toEqual([undefined]);
    expect((await page(10)).ids).toEqual([]);
  });

  describe("its list", () => {
    it("pages by the bytes of the ids, each once", async () => {
      freshType();
      const ids = ["b", "a", "B", "_", "10", "9", "a:1", "a.1"];
      for (const id of ids) await make(id);
      const seen: string[] = [];
      let after: string | undefined;
      do {
        const { ids: found, nextAfter } = await page(3, after === undefined ? {} : { after });
        expect(found.length).toBeGreaterThan(0);
        seen.push(...found);
        after = nextAfter;
      } while (after !== undefined);
      expect(seen).toEqual(ids.toSorted());
      expect(await page(ids.length)).toEqual({ ids: ids.toSorted(), nextAfter: undefined });
    });

    it("tells those of a state, whatever they were before", async () => {
      freshType();
      const rev = await make("was-open");
      await make("open");
      const done = await make("was-finished", "finished");
      await make("finished", "finished");
      const gone = await make("gone", "finished");
      await swap("was-open", rev, content({ state: "finished", outcome: 1 }));
      await swap("was-finished", done, content());
      await swap("gone", gone, undefined);
      expect((await page(10, { state: "open" })).ids).toEqual(["open", "was-finished"]);
      expect((await page(10, { state: "finished" })).ids).toEqual(["finished", "was-open"]);
      expect((await page(10)).ids).toEqual(["finished", "open", "was-finished", "was-open"]);
      expect(await page(1, { state: "finished" })).toEqual({
        ids: ["finished"],
        nextAfter: "finished",
      });
    });
  });

  it("ends an answer before it is larger than wished, and never before the first", async () => {
    freshType();
    const features = { text: "x".repeat(10_000) };
    for (const id of ["a", "b", "c"]) await swap(id, 0, content({ features }));
    const ids = ["none", "a", "gone", "b", "c"];
    const within = async (maxBytes: number, from = 0) => {
      const asked = ids.slice(from);
      const found = must(await started.store.getMany(type, asked, DEADLINE_MS, maxBytes));
      return found.map((entity) => entity?.id);
    };
    expect(await within(35_000)).toEqual([undefined, "a", undefined, "b", "c"]);
    expect(await within(25_000)).toEqual([undefined, "a", undefined, "b"]);
    expect(await within(15_000)).toEqual([undefined, "a", undefined]);
    expect(await within(1)).toEqual([undefined]);
    expect(await within(1, 1)).toEqual(["a"]);
    expect(await page(3, { maxBytes: 25_000 })).toEqual({ ids: ["a", "b"], nextAfter: "b" });
    expect(await page(3, { maxBytes: 25_000, after: "b" })).toEqual({
      ids: ["c"],
      nextAfter: undefined,
    });
  });

  it("swaps and reads 200 in one call", async () => {
    freshType();
    const ids = Array.from({ length: 200 }, (_, index) => `e${index}`);
    const writes = ids.map((id, index) => ({
      id,
      expectedRev: 0,
      content: content({ features: { index } }),
    }));
    const revs = must(await started.store.swapMany(type, writes, DEADLINE_MS));
    expect(new Set(revs).size).toBe(200);
    expect((await getMany(...ids)).map((one) => one?.features.index)).toEqual([...ids.keys()]);
  });
}
