import { beforeEach, describe, expect, it } from "vitest";
import { must } from "../../support/must.ts";
import { type Chain, createChain } from "./a-chain.ts";

const HEAD = "audit/head.json";
const STRANGER = "audit/2023/11/14/01HF7YAT00ZZZZZZZZZZZZZZZZ.json";

describe("verifying the audit", () => {
  let chain: Chain;
  /** Keys of five entries, oldest first. */
  let keys: readonly string[];
  beforeEach(async () => {
    chain = createChain();
    for (const target of ["a", "b", "c", "d", "e"]) must(await chain.record({ target }));
    keys = await chain.entryKeys();
  });

  const key = (index: number): string => {
    const found = keys.at(index);
    if (found === undefined) throw new Error("there are five");
    return found;
  };
  const problems = async () => {
    const report = await chain.verify();
    expect(report.ok).toBe(report.problems.length === 0);
    return report.problems;
  };
  const edit = async (which: string, change: (text: string) => string) =>
    chain.write(which, change(await chain.read(which)));

  it("finds nothing wrong with a whole chain, and names its head", async () => {
    const report = await chain.verify();
    expect(report).toEqual({
      ok: true,
      entries: 5,
      head: { key: key(4), sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      problems: [],
    });
    expect(report.head).toMatchObject({ sha256: (chain.events[4] as { sha256: string }).sha256 });
  });

  it("finds nothing wrong with an audit that has not begun", async () => {
    const report = await createChain().verify();
    expect(report).toEqual({ ok: true, entries: 0, head: null, problems: [] });
  });

  it("finds a removed entry, and says that nothing vouches for the one before it", async () => {
    await chain.remove(key(2));
    expect(await problems()).toEqual([
      { key: key(2), problem: "missing" },
      { key: key(1), problem: "chain_broken" },
    ]);
  });

  it("finds a removed first entry", async () => {
    await chain.remove(key(0));
    expect(await problems()).toEqual([{ key: key(0), problem: "missing" }]);
  });

  it("restores a removed newest entry, which the head still holds", async () => {
    const text = await chain.read(key(4));
    await chain.remove(key(4));
    expect(await problems()).toEqual([]);
    expect(await chain.read(key(4))).toBe(text);
  });

  it("finds entries cut off at the end", async () => {
    await chain.remove(key(4));
    await chain.remove(key(3));
    expect(await problems()).toEqual([
      { key: key(3), problem: "missing" },
      { key: key(2), problem: "chain_broken" },
    ]);
  });

  it("finds a head that was put back to an earlier entry", async () => {
    const head = JSON.stringify({ key: key(2), entry: await chain.read(key(2)) });
    await chain.write(HEAD, head);
    expect(await problems()).toEqual([
      { key: key(3), problem: "added" },
      { key: key(4), problem: "added" },
    ]);
  });

  it("finds an altered word, even of the newest entry and the first", async () => {
    for (const index of [0, 2, 4]) {
      const before = await chain.read(key(index));
      await edit(key(index), (text) => text.replace('"admin"', '"nobody"'));
      expect(await problems()).toEqual([{ key: key(index), problem: "altered" }]);
      await chain.write(key(index), before);
    }
  });

  it("finds an altered blank: it is the bytes that are chained", async () => {
    await edit(key(1), (text) => `${text} `);
    expect(await problems()).toEqual([{ key: key(1), problem: "altered" }]);
  });

  it("finds two entries that changed places", async () => {
    const [one, two] = [await chain.read(key(1)), await chain.read(key(2))];
    await chain.write(key(1), two);
    await chain.write(key(2), one);
    expect(await problems()).toEqual([
      { key: key(2), problem: "altered" },
      { key: key(1), problem: "chain_broken" },
      { key: key(1), problem: "altered" },
      { key: key(0), problem: "chain_broken" },
    ]);
  });

  it("finds an entry that is none any more, and goes on before it", async () => {
    await chain.write(key(3), "nonsense");
    expect(await problems()).toEqual([
      { key: key(3), problem: "altered" },
      { key: key(2), problem: "chain_broken" },
    ]);
  });

  it("finds one that is far too large to be an entry", async () => {
    await chain.write(key(3), "x".repeat(300_000));
    expect(await problems()).toContainEqual({ key: key(3), problem: "altered" });
  });

  it("finds an added object, however well it is made", async () => {
    const text = (await chain.read(key(2))).replace('"c"', '"x"');
    await chain.write(STRANGER, text);
    expect(await problems()).toEqual([{ key: STRANGER, problem: "added" }]);
  });

  it("finds an altered entry that leaves out the ones before it", async () => {
    const forged = { ...JSON.parse(await chain.read(key(3))), prev: null };
    await chain.write(key(3), JSON.stringify(forged));
    expect(await problems()).toEqual([
      { key: key(3), problem: "altered" },
      { key: key(2), problem: "chain_broken" },
    ]);
  });

  it("finds an altered entry that skips the one before it", async () => {
    const { prev } = JSON.parse(await chain.read(key(2)));
    const forged = { ...JSON.parse(await chain.read(key(3))), prev };
    await chain.write(key(3), JSON.stringify(forged));
    expect(await problems()).toEqual([
      { key: key(3), problem: "altered" },
      { key: key(2), problem: "chain_broken" },
    ]);
  });

  it("does not run in circles where a forged entry points forward", async () => {
    const forged = {
      ...JSON.parse(await chain.read(key(1))),
      prev: { key: key(3), sha256: "0".repeat(64) },
    };
    await chain.write(key(1), JSON.stringify(forged));
    expect(await problems()).toEqual([
      { key: key(1), problem: "altered" },
      { key: key(0), problem: "chain_broken" },
    ]);
  });

  it("finds a removed head", async () => {
    await chain.remove(HEAD);
    const report = await chain.verify();
    expect(report).toMatchObject({ ok: false, entries: 5, head: null });
    expect(report.problems).toEqual([{ key: HEAD, problem: "missing" }]);
  });

  it("finds a chain that was begun anew beside the old one", async () => {
    await chain.remove(HEAD);
    await chain.clock.advance(1_000);
    must(await chain.record({ target: "anew" }));
    expect(await problems()).toEqual(keys.map((old) => ({ key: old, problem: "added" })));
  });

  it("finds a head that is none", async () => {
    await chain.write(HEAD, "nonsense");
    expect(await problems()).toEqual([{ key: HEAD, problem: "altered" }]);
  });

  it("finds that the head holds other words than the newest entry", async () => {
    await edit(HEAD, (text) => text.replace("admin", "nobody"));
    expect(await problems()).toContainEqual({ key: key(4), problem: "altered" });
  });

  it("takes what was written while it looked for what it is", async () => {
    const gate = chain.store.holdNext("list audit/");
    const verifying = chain.verify();
    must(await chain.record({ target: "meanwhile" }));
    must(await chain.record({ target: "and again" }));
    gate.open();
    expect(await verifying).toMatchObject({ ok: true, entries: 7, problems: [] });
  });

  it.each(["list audit/", "get audit/head", "get audit/2023"])(
    "does not say anything when the store fails at %s",
    async (part) => {
      chain.store.break(part, "unreachable");
      await expect(chain.verify()).rejects.toThrow("audit_unavailable");
    },
  );
});
