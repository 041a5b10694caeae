import { describe, expect, it } from "vitest";
import { recordAction } from "../../../src/core/lifecycle/audit/record-action.ts";
import type { ObjectStore } from "../../../src/core/ports/object-store.ts";
import { must } from "../../support/must.ts";
import { ACTION, type Chain, createChain, whileTimePasses } from "./a-chain.ts";

const DAY = "audit/2023/11/14/";

async function entriesOf(chain: Chain): Promise<readonly Record<string, unknown>[]> {
  const keys = await chain.entryKeys();
  return Promise.all(keys.map(async (key) => JSON.parse(await chain.read(key))));
}

describe("recording an admin action", () => {
  it("writes one object that says who, what, to what, how and why", async () => {
    const chain = createChain();
    must(await chain.record({ reason: "better on the hold-out" }));
    expect(await entriesOf(chain)).toEqual([
      {
        id: expect.stringMatching(/^[0-9A-HJKMNP-TV-Z]{26}$/),
        at: "2023-11-14T22:13:20.000Z",
        actor: "admin",
        action: "promote",
        model: "iris",
        target: "production",
        request_id: "r-1",
        params: { from: "staging", to: "production" },
        reason: "better on the hold-out",
        prev: null,
      },
    ]);
    expect((await chain.entryKeys())[0]).toMatch(new RegExp(`^${DAY}[0-9A-Z]{26}\\.json$`));
  });

  it("leaves out what an action does not have", async () => {
    const chain = createChain();
    must(await chain.record({ model: undefined, target: undefined }));
    const [entry] = await entriesOf(chain);
    expect(Object.keys(entry ?? {})).toEqual([
      "id",
      "at",
      "actor",
      "action",
      "request_id",
      "params",
      "prev",
    ]);
  });

  it("chains each entry to the bytes of the one before it, and keys sort as the chain goes", async () => {
    const chain = createChain();
    for (const target of ["a", "b", "c"]) must(await chain.record({ target }));
    const keys = await chain.entryKeys();
    const entries = await entriesOf(chain);
    expect(entries.map(({ target }) => target)).toEqual(["a", "b", "c"]);
    expect(entries.map(({ prev }) => prev)).toEqual([
      null,
      { key: keys[0], sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      { key: keys[1], sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ]);
    expect(await chain.verify()).toMatchObject({ ok: true, entries: 3, problems: [] });
  });

  it("never goes back in time, whatever this machine's clock says", async () => {
    const chain = createChain();
    must(await chain.record());
    const slow = { ...chain.deps, clock: { ...chain.clock, now: () => 1_000 } };
    expect(must(await recordAction(slow, ACTION)).at).toBe("2023-11-14T22:13:20.001Z");
  });

  it("decides by one conditional write, the entry's own object coming after it", async () => {
    const chain = createChain();
    must(await chain.record());
    chain.calls();
    must(await chain.record());
    expect(chain.calls()).toEqual([
      "get audit/head.json",
      expect.stringContaining(`put ${DAY}`),
      "put audit/head.json",
      expect.stringContaining(`put ${DAY}`),
    ]);
  });

  it("leaves out parameters that are too long for a log, and says how long they were", async () => {
    const chain = createChain();
    const entry = must(await chain.record({ params: { text: "x".repeat(20_000) } }));
    expect(entry.params).toEqual({ left_out_chars: 20_011 });
  });

  it("tells the log the entry's hash: who can write the bucket cannot write the log", async () => {
    const chain = createChain();
    must(await chain.record());
    must(await chain.record());
    const [second] = (await entriesOf(chain)).slice(1);
    expect(chain.events[0]).toMatchObject({
      kind: "audit_recorded",
      ...(second?.prev as object),
      action: "promote",
      actor: "admin",
      model: "iris",
      target: "production",
      requestId: "r-1",
    });
  });

  it.each(["get audit/head", "put audit/head"])(
    "is refused when the store fails at %s",
    async (part) => {
      const chain = createChain();
      chain.store.break(part, "unreachable");
      const recorded = await chain.record();
      expect(recorded).toMatchObject({ ok: false, failure: { reason: "audit_unavailable" } });
      expect(await chain.entryKeys()).toEqual([]);
    },
  );

  it("is refused when what a dead writer left cannot be written down", async () => {
    const chain = createChain();
    chain.store.break(`put ${DAY}`, "unreachable");
    must(await chain.record());
    expect(await chain.record()).toMatchObject({ failure: { reason: "audit_unavailable" } });
    chain.store.mend();
    must(await chain.record());
    expect(await chain.verify()).toMatchObject({ ok: true, entries: 2 });
  });

  it("is refused when the head was overwritten by something else", async () => {
    const chain = createChain();
    for (const head of ["nonsense", '{"key":"audit/x.json","entry":"{}"}']) {
      await chain.write("audit/head.json", head);
      expect(await chain.record()).toMatchObject({ failure: { reason: "audit_unavailable" } });
    }
  });

  it("makes one chain of twenty writers at once", async () => {
    const chain = createChain();
    let seed = 1;
    const random = () => {
      seed = (seed * 16_807) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    const deps = { ...chain.deps, random };
    const writers = Array.from({ length: 20 }, (_, index) =>
      recordAction(deps, { ...ACTION, requestId: `r-${index}` }),
    );
    for (const outcome of await whileTimePasses(chain.clock, Promise.all(writers))) must(outcome);
    const ids = (await entriesOf(chain)).map(({ request_id }) => request_id);
    expect(new Set(ids).size).toBe(20);
    expect(await chain.verify()).toMatchObject({ ok: true, entries: 20, problems: [] });
  });

  it("gives up, nothing written, when others are faster at every try", async () => {
    const chain = createChain();
    chain.store.break("put audit/head.json", "precondition_lost");
    const recorded = await whileTimePasses(chain.clock, chain.record());
    expect(recorded).toMatchObject({ failure: { reason: "audit_unavailable" } });
    expect(chain.calls().filter((call) => call.startsWith("put audit/head"))).toHaveLength(60);
    expect(await chain.entryKeys()).toEqual([]);
  });
});

describe("a writer that dies", () => {
  /** A store whose owner is killed right after its nth write reached the bucket. */
  function mortal(inner: ObjectStore, lastWrite: number): ObjectStore {
    let writes = 0;
    return {
      ...inner,
      async put(key, bytes, options) {
        if (writes === lastWrite) throw new Error("died");
        const written = await inner.put(key, bytes, options);
        writes += 1;
        if (writes === lastWrite) throw new Error("died");
        return written;
      },
    };
  }

  // The second entry's writes: the first one's object (there already), the head, its own object.
  it.each([
    [0, 0],
    [1, 0],
    [2, 1],
    [3, 1],
  ])("after %i writes leaves %i entries that nobody has to mend", async (writes, left) => {
    const chain = createChain();
    must(await chain.record({ target: "before" }));
    const dying = { ...chain.deps, store: mortal(chain.bucket, writes) };
    await expect(recordAction(dying, { ...ACTION, target: "dying" })).rejects.toThrow("died");
    expect(await chain.verify()).toMatchObject({ ok: true, entries: 1 + left });
    must(await chain.record({ target: "after" }));
    const targets = (await entriesOf(chain)).map(({ target }) => target);
    expect(targets).toEqual(["before", ...(left === 1 ? ["dying"] : []), "after"]);
    expect(await chain.verify()).toMatchObject({ ok: true, entries: 2 + left });
  });

  it("before the first entry's object is helped by the next writer", async () => {
    const chain = createChain();
    const dying = { ...chain.deps, store: mortal(chain.bucket, 1) };
    await expect(recordAction(dying, ACTION)).rejects.toThrow("died");
    expect(await chain.entryKeys()).toEqual([]);
    must(await chain.record({ target: "after" }));
    expect(await chain.entryKeys()).toHaveLength(2);
    expect(await chain.verify()).toMatchObject({ ok: true, entries: 2 });
  });
});
