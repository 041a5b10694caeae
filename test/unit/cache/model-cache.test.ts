import { describe, expect, it } from "vitest";
import {
  type LoadedVersion,
  ModelCache,
  type ReleaseReason,
} from "../../../src/core/cache/model-cache.ts";
import { manifestSchema } from "../../../src/core/model/manifest.ts";
import { createGate } from "../../support/gate.ts";
import { settle } from "../../support/manual-clock.ts";

function setUp(maxBytes = 100) {
  const left: [string, ReleaseReason][] = [];
  const released: string[] = [];
  const cache = new ModelCache({
    maxBytes,
    onRelease: ({ model, version }, why) => void left.push([`${model}@${version}`, why]),
  });
  const make = (version: string, memoryBytes: number): LoadedVersion => ({
    model: "m",
    version,
    digest: "0".repeat(64),
    etag: '"e"',
    memoryBytes,
    loadedAtMs: 0,
    manifest: manifestSchema.parse({
      schema: 1,
      name: "m",
      version,
      digest: "0".repeat(64),
      size_bytes: 1,
      created_at: "2026-01-01T00:00:00Z",
    }),
    session: {
      inputs: [],
      outputs: [],
      memoryBytes,
      run: async () => ({ ok: true, value: [] }),
      release: async () => void released.push(version),
    },
  });
  return { cache, left, released, make };
}

describe("model cache", () => {
  it("lets the least recently used go when the budget is spent", () => {
    const { cache, left, released, make } = setUp(100);
    for (const version of ["1", "2"]) cache.add(make(version, 40));
    cache.get("m", "1");
    cache.add(make("3", 40));
    expect(cache.loaded().map(({ version }) => version)).toEqual(["3", "1"]);
    expect([left, released]).toEqual([[["m@2", "evicted"]], ["2"]]);
    expect(cache.bytes).toBe(80);
  });

  it("does not disturb the order by a peek", () => {
    const { cache, make } = setUp(100);
    for (const version of ["1", "2"]) cache.add(make(version, 40));
    expect(cache.peek("m", "1")?.version).toBe("1");
    cache.add(make("3", 40));
    expect(cache.peek("m", "1")).toBeUndefined();
  });

  it("refuses what alone is over the budget and evicts nothing for it", () => {
    const { cache, left, make } = setUp(100);
    cache.add(make("1", 40));
    expect(cache.add(make("2", 101))).toBe(false);
    expect([cache.loaded().length, left]).toEqual([1, []]);
  });

  it("releases a session only after the runs in progress on it", async () => {
    const { cache, released, make } = setUp();
    const one = make("1", 10);
    cache.add(one);
    const gates = [createGate<void>(), createGate<void>()];
    const runs = gates.map((gate) => cache.use(one, () => gate.opened));
    cache.unload("m", "1");
    await settle();
    expect(released).toEqual([]);
    gates[0]?.open();
    await settle();
    expect(released).toEqual([]);
    gates[1]?.open();
    await Promise.all(runs);
    expect(released).toEqual(["1"]);
  });

  it("releases after a run that throws", async () => {
    const { cache, released, make } = setUp();
    const one = make("1", 10);
    cache.add(one);
    const run = cache.use(one, async () => {
      cache.unload("m", "1");
      throw new Error("engine");
    });
    await expect(run).rejects.toThrow("engine");
    expect(released).toEqual(["1"]);
  });

  it("gives no session that has left, even when the same version came back", () => {
    const { cache, make } = setUp();
    const one = make("1", 10);
    cache.add(one);
    cache.unload("m", "1");
    expect(cache.use(one, async () => 1)).toBeUndefined();
    cache.add(make("1", 10));
    expect(cache.use(one, async () => 1)).toBeUndefined();
  });

  it("releases the old session when the same version is loaded again", () => {
    const { cache, released, make } = setUp();
    cache.add(make("1", 10));
    cache.add(make("1", 20));
    expect([released, cache.bytes]).toEqual([["1"], 20]);
  });

  it("makes room before a load", () => {
    const { cache, left, make } = setUp(100);
    for (const version of ["1", "2", "3"]) cache.add(make(version, 30));
    cache.makeRoom(50);
    expect(left.map(([name]) => name)).toEqual(["m@1", "m@2"]);
    cache.makeRoom(1_000);
    expect(cache.loaded()).toEqual([]);
  });

  it("says whether there was anything to unload", () => {
    const { cache, left, make } = setUp();
    cache.add(make("1", 10));
    expect([cache.unload("m", "1"), cache.unload("m", "1")]).toEqual([true, false]);
    expect(left).toEqual([["m@1", "unloaded"]]);
  });

  it("survives a session whose release fails", async () => {
    const { cache, make } = setUp();
    const one = make("1", 10);
    cache.add({
      ...one,
      session: { ...one.session, release: () => Promise.reject(new Error("engine")) },
    });
    cache.unload("m", "1");
    await settle();
    expect(cache.bytes).toBe(0);
  });
});
