import { beforeEach, describe, expect, it } from "vitest";
import { readAudit } from "../../../src/core/lifecycle/audit/read-audit.ts";
import { must } from "../../support/must.ts";
import { type Chain, createChain } from "./a-chain.ts";

const DAY_MS = 86_400_000;

describe("reading the audit", () => {
  let chain: Chain;
  beforeEach(() => {
    chain = createChain();
  });

  const page = async (query: Partial<Parameters<typeof readAudit>[1]> = {}) => {
    const { items, nextBefore } = must(await readAudit(chain.store, { limit: 10, ...query }));
    return { targets: items.map(({ entry }) => entry?.target), nextBefore };
  };
  const record = async (...targets: readonly string[]) => {
    for (const target of targets) must(await chain.record({ target }));
  };

  it("is empty before the first entry", async () => {
    expect(await page()).toEqual({ targets: [], nextBefore: undefined });
  });

  it("gives entries newest first, page by page, over days, months and years", async () => {
    await record("a", "b");
    for (const days of [1, 30, 400]) {
      await chain.clock.advance(days * DAY_MS);
      await record(`day ${days}`);
    }
    const first = await page({ limit: 2 });
    expect(first.targets).toEqual(["day 400", "day 30"]);
    const second = await page({ limit: 2, before: first.nextBefore });
    expect(second.targets).toEqual(["day 1", "b"]);
    const third = await page({ limit: 2, before: second.nextBefore });
    expect(third).toEqual({ targets: ["a"], nextBefore: undefined });
  });

  it("has no next page when the last one is full to the brim", async () => {
    await record("a", "b");
    expect(await page({ limit: 2 })).toEqual({ targets: ["b", "a"], nextBefore: undefined });
  });

  it("looks only into the days that the page needs", async () => {
    await record("old");
    await chain.clock.advance(DAY_MS);
    await record("new", "newer");
    chain.calls();
    await page({ limit: 1 });
    const lists = chain.calls().filter((call) => call.startsWith("list"));
    expect(lists).toEqual([
      "list audit/",
      "list audit/2023/",
      "list audit/2023/11/",
      "list audit/2023/11/15/",
    ]);
  });

  it("gives what was done to one model, and goes on where it stopped", async () => {
    for (let index = 0; index < 60; index += 1) {
      must(
        await chain.record({ model: index % 20 === 0 ? "iris" : "wine", target: String(index) }),
      );
    }
    const first = await page({ model: "iris", limit: 2 });
    expect(first.targets).toEqual(["40", "20"]);
    expect(await page({ model: "iris", limit: 2, before: first.nextBefore })).toEqual({
      targets: ["0"],
      nextBefore: undefined,
    });
  });

  it("answers a short page with a next one rather than look at everything", async () => {
    must(await chain.record({ model: "rare" }));
    for (let index = 0; index < 500; index += 1) must(await chain.record({ model: "iris" }));
    const first = await page({ model: "rare" });
    expect(first).toEqual({ targets: [], nextBefore: expect.stringMatching(/^audit\//) });
    expect((await page({ model: "rare", before: first.nextBefore })).targets).toEqual([
      "production",
    ]);
  });

  it("shows an entry that a dead writer left in the head alone", async () => {
    chain.store.break("put audit/2023", "unreachable");
    await record("left");
    chain.store.mend();
    expect((await page()).targets).toEqual(["left"]);
  });

  it("shows the place of an object that is no entry any more", async () => {
    await record("a", "b");
    const [first = ""] = await chain.entryKeys();
    await chain.write(first, "nonsense");
    const { items } = must(await readAudit(chain.store, { limit: 10 }));
    expect(items[1]).toEqual({ key: first });
  });

  it.each(["list audit/", "list audit/2023/11/14/", "get audit/2023"])(
    "says so when the store fails at %s",
    async (part) => {
      await record("a");
      chain.store.break(part, "unreachable");
      expect(await readAudit(chain.store, { limit: 1 })).toMatchObject({
        failure: { reason: "audit_unavailable" },
      });
    },
  );
});
