import { afterAll, beforeAll, expect, it } from "vitest";
import type { SharedCache } from "../../../src/core/ports/shared-cache.ts";
import { must } from "../../support/must.ts";

const DEADLINE_MS = 10_000;
const KEPT = { deadlineMs: DEADLINE_MS };

/** Each has come back otherwise from some client. */
const VALUES: readonly (readonly [what: string, value: string])[] = [
  ["digits", "12345"],
  ["digits past 2^53", "12345678901234567890"],
  ["a number with a trailing zero", "1.50"],
  ["an ETag in quotes", '"9f86d081884c7d65"'],
  ["JSON", '{"rev": 3, "aliases": {"production": {"1": 100}}}'],
  ["the words true and null", "true null"],
  ["null", "null"],
  ["OK", "OK"],
  ["base64", "aGVsbG8="],
  ["unicode", "ünïcode 日本語 🌊"],
  ["lines, tabs and a NUL", "a\r\n\tb\u0000c"],
  ["spaces around", "  x  "],
  ["nothing", ""],
  ["200 KB", "0123456789".repeat(20_000)],
];

const COUNTS = ["0", "7", "999999999999998"] as const;

/** What may stand where a count should; the first four Redis itself does not take for counts, or leaves them none. */
const NO_COUNTS: readonly (readonly [what: string, text: string])[] = [
  ["text", "garbage"],
  ["a negative number", "-5"],
  ["more digits than a count has", "99999999999999999999"],
  ["a count that 2^53 does not hold", "9007199254740993"],
  ["a leading zero", "007"],
  ["a fraction", "1.5"],
  ["spaces", " 7 "],
  ["nothing", ""],
];

export interface StartedCache {
  readonly cache: SharedCache;
  /** Puts something at a key that is no text; missing where nothing else can be there. */
  putHash?(key: string): Promise<void>;
  stop(): Promise<void>;
}

/** The promises of the shared cache port. */
export function describeSharedCache(start: () => Promise<StartedCache>): void {
  let started: StartedCache | undefined;
  const getCache = (): SharedCache => {
    if (started === undefined) throw new Error("the cache has not started");
    return started.cache;
  };

  beforeAll(async () => {
    started = await start();
  });
  afterAll(() => started?.stop());

  it("answers a ping", async () => {
    must(await getCache().ping(DEADLINE_MS));
  });

  it("takes a deadline with a fraction of a millisecond", async () => {
    must(await getCache().ping(DEADLINE_MS + 0.5));
  });

  it("knows an absent key from every value", async () => {
    expect(await getCache().get("nothing", DEADLINE_MS)).toEqual({ ok: true, value: undefined });
  });

  it.each(VALUES)("returns %s exactly as written", async (what, value) => {
    must(await getCache().set(`value:${what}`, value, KEPT));
    expect(must(await getCache().get(`value:${what}`, DEADLINE_MS))).toBe(value);
  });

  it("takes keys with spaces, colons, unicode and the words of options", async () => {
    for (const key of ["a b", "ptr:iris", "ü🌊", "px", "a/b?c=d"]) {
      must(await getCache().set(key, `of ${key}`, KEPT));
      expect(must(await getCache().get(key, DEADLINE_MS))).toBe(`of ${key}`);
    }
  });

  it("takes an option's word as a value", async () => {
    must(await getCache().set("word", "nx", KEPT));
    expect(must(await getCache().get("word", DEADLINE_MS))).toBe("nx");
  });

  it("overwrites", async () => {
    must(await getCache().set("twice", "1", KEPT));
    must(await getCache().set("twice", "2", KEPT));
    expect(must(await getCache().get("twice", DEADLINE_MS))).toBe("2");
  });

  it("forgets a key after its ttl, and not before", async () => {
    must(await getCache().set("long", "x", { ...KEPT, ttlMs: 60_000 }));
    must(await getCache().set("short", "x", { ...KEPT, ttlMs: 1_000 }));
    expect(must(await getCache().get("short", DEADLINE_MS))).toBe("x");
    await expect.poll(async () => must(await getCache().get("short", DEADLINE_MS))).toBeUndefined();
    expect(must(await getCache().get("long", DEADLINE_MS))).toBe("x");
  });

  it("answers many keys in their order, absent ones among them", async () => {
    must(await getCache().set("many:1", '"quoted"', KEPT));
    must(await getCache().set("many:3", "12345", KEPT));
    const keys = ["many:1", "many:2", "many:3", "many:1"];
    expect(must(await getCache().getMany(keys, DEADLINE_MS))).toEqual([
      '"quoted"',
      undefined,
      "12345",
      '"quoted"',
    ]);
    expect(must(await getCache().getMany([], DEADLINE_MS))).toEqual([]);
  });

  it("counts each of many at once, from nothing", async () => {
    const counts = await Promise.all(
      Array.from({ length: 20 }, async () =>
        must(await getCache().increment("count", DEADLINE_MS)),
      ),
    );
    expect(counts.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(must(await getCache().get("count", DEADLINE_MS))).toBe("20");
  });

  it.each(NO_COUNTS.slice(0, 4))("does not count on from %s", async (_, text) => {
    must(await getCache().set(`no-count:${text}`, text, KEPT));
    expect(await getCache().increment(`no-count:${text}`, DEADLINE_MS)).toMatchObject({
      failure: { reason: "refused" },
    });
  });

  it("mends what is no count, makes what is not there, and leaves counts", async () => {
    const texts: Readonly<Record<string, string>> = Object.fromEntries(NO_COUNTS);
    for (const [what, text] of NO_COUNTS) must(await getCache().set(`mend:${what}`, text, KEPT));
    for (const count of COUNTS) must(await getCache().set(`mend:${count}`, count, KEPT));
    const keys = [...Object.keys(texts), ...COUNTS, "nobody's"].map((name) => `mend:${name}`);
    const before = Date.now();
    expect(must(await getCache().mendCounters(keys, DEADLINE_MS))).toBe(NO_COUNTS.length);
    const after = must(await getCache().getMany(keys, DEADLINE_MS));
    for (const text of after.slice(0, NO_COUNTS.length)) {
      expect(Number(text)).toBeGreaterThanOrEqual(before);
    }
    expect(after.slice(NO_COUNTS.length)).toEqual([...COUNTS, "0"]);
    expect(must(await getCache().mendCounters(keys, DEADLINE_MS))).toBe(0);
    expect(must(await getCache().getMany(keys, DEADLINE_MS))).toEqual(after);
  });

  it("mends one that is not even a text", async () => {
    if (started?.putHash === undefined) return;
    await started.putHash("hash");
    expect((await getCache().increment("hash", DEADLINE_MS)).ok).toBe(false);
    expect(must(await getCache().mendCounters(["hash"], DEADLINE_MS))).toBe(1);
    const mended = must(await getCache().get("hash", DEADLINE_MS));
    expect(must(await getCache().increment("hash", DEADLINE_MS))).toBe(Number(mended) + 1);
  });

  it.each(VALUES)("exchanges %s for what was read, and for nothing else", async (what, value) => {
    const key = `exchange:${what}`;
    const lasting = { deadlineMs: DEADLINE_MS, ttlMs: 60_000 };
    expect(must(await getCache().exchange(key, value, lasting))).toBe(value);
    expect(must(await getCache().exchange(key, "late", lasting))).toBe(value);
    const other = { ...lasting, expected: `${value}.` };
    expect(must(await getCache().exchange(key, "wrong", other))).toBe(value);
    const read = { ...lasting, expected: value };
    expect(must(await getCache().exchange(key, "next", read))).toBe("next");
    expect(must(await getCache().get(key, DEADLINE_MS))).toBe("next");
    // What was read is gone: whoever read it was not in somebody's way.
    expect(must(await getCache().exchange(`${key}:gone`, value, read))).toBe(value);
  });

  it("exchanges for one of many who read the same, for as long as it says", async () => {
    must(await getCache().set("one", "old", KEPT));
    const mine = { expected: "old", deadlineMs: DEADLINE_MS, ttlMs: 1_000 };
    const write = async (who: string) => must(await getCache().exchange("one", who, mine));
    const stood = await Promise.all(["a", "b", "c", "d"].map(write));
    expect(new Set(stood).size).toBe(1);
    expect(must(await getCache().get("one", DEADLINE_MS))).toBe(stood[0]);
    await expect.poll(async () => must(await getCache().get("one", DEADLINE_MS))).toBeUndefined();
  });

  it("gives a lease to one of many, and again once it has run out", async () => {
    const lease = { deadlineMs: DEADLINE_MS, ttlMs: 1_000 };
    const take = async (who: string) => must(await getCache().setIfAbsent("lease", who, lease));
    const taken = await Promise.all(["a", "b", "c", "d"].map(take));
    expect(taken.filter((mine) => mine)).toHaveLength(1);
    expect(await take("e")).toBe(false);
    await expect.poll(() => take("f")).toBe(true);
    expect(must(await getCache().get("lease", DEADLINE_MS))).toBe("f");
  });

  it("keeps a key written again without a ttl", async () => {
    must(await getCache().set("renewed", "1", { ...KEPT, ttlMs: 100 }));
    must(await getCache().set("renewed", "2", KEPT));
    must(await getCache().set("gauge", "x", { ...KEPT, ttlMs: 150 }));
    await expect.poll(async () => must(await getCache().get("gauge", DEADLINE_MS))).toBeUndefined();
    expect(must(await getCache().get("renewed", DEADLINE_MS))).toBe("2");
  });
}
