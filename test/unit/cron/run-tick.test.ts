import { describe, expect, it } from "vitest";
import type { GetOptions, ObjectStore } from "../../../src/core/ports/object-store.ts";
import { runTick } from "../../../src/cron/run-tick.ts";
import { askInShort, fakeModel } from "../../support/ask.ts";
import { putDeployment, putVersion } from "../../support/publish.ts";
import { createTestCore, type TestCore } from "../../support/test-core.ts";

const MODELS = ["a", "b", "c"];

/** Three models that have answered, a second apart. */
async function serving(): Promise<TestCore> {
  const core = createTestCore({ revalidateMs: 3_600_000 });
  for (const model of MODELS) {
    for (const version of ["1", "2"]) {
      await putVersion(core.bucket, model, version, fakeModel(Number(version)));
    }
    await putDeployment(core.bucket, model, 1, { production: { "1": 100 } });
    await askInShort(core, model);
    await core.clock.advance(1_000);
  }
  core.story();
  return core;
}

const tick = (core: TestCore, store: ObjectStore = core.store) =>
  runTick({ ...core.deps, store }, core.context, "* * * * *");

const confirmed = (core: TestCore): readonly string[] =>
  core.story().flatMap((line) => line.match(/^confirm (\w+)/)?.[1] ?? []);

/** Each read takes `ms` of the manual clock. */
const slow = (core: TestCore, ms: number): ObjectStore => ({
  ...core.store,
  async get(key: string, options: GetOptions) {
    await core.clock.advance(ms);
    return core.store.get(key, options);
  },
});

describe("a tick of the cron", () => {
  it("has nothing to do in an isolate that knows no model", async () => {
    const core = createTestCore();
    await tick(core);
    expect(core.story()).toEqual(["tick * * * * *: 0 checked, 0 changed, 0 kept"]);
  });

  it("confirms the longest unconfirmed first", async () => {
    const core = await serving();
    const { catalog } = core.deps;
    const entry = catalog.get("a");
    if (entry === undefined) throw new Error("a has answered");
    catalog.set("a", { ...entry, triedAtMs: core.clock.now() });
    await tick(core);
    expect(confirmed(core)).toEqual(["b", "c", "a"]);
  });

  it("takes what changed, keeps what cannot be taken, forgets what is gone, and counts them", async () => {
    const core = await serving();
    await putDeployment(core.bucket, "a", 2, { production: { "2": 100 } });
    await core.bucket.delete("models/b/deployment.json", { deadlineMs: 1_000 });
    core.store.break("c/deployment.json", "unreachable");
    await tick(core);
    expect(core.story().at(-1)).toBe("tick * * * * *: 3 checked, 2 changed, 1 kept");
    expect(await askInShort(core, "a")).toBe("2 hit 2");
    expect(await askInShort(core, "b")).toBe("model_not_found");
    expect(await askInShort(core, "c")).toBe("1 hit 1");
  });

  it("stops when its 20 s are spent; what is left comes first next time", async () => {
    const core = await serving();
    await tick(core, slow(core, 10_000));
    expect(confirmed(core)).toEqual(["a", "b"]);
    await tick(core, slow(core, 19_999));
    expect(confirmed(core)).toEqual(["c", "a"]);
    await tick(core, slow(core, 20_000));
    expect(core.story()).toEqual([
      "confirm b/deployment.json",
      "tick * * * * *: 1 checked, 0 changed, 0 kept",
    ]);
  });

  it("goes on past a model that a request's check has forgotten meanwhile", async () => {
    const core = await serving();
    const gate = core.store.holdNext("confirm a");
    const ticking = tick(core);
    core.deps.catalog.forget("b");
    gate.open();
    await ticking;
    expect(core.story()).toEqual([
      "confirm a/deployment.json",
      "confirm c/deployment.json",
      "tick * * * * *: 3 checked, 0 changed, 0 kept",
    ]);
  });
});
