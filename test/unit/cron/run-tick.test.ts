import { describe, expect, it } from "vitest";
import { createNodeDigest } from "../../../infra/local/node-digest.ts";
import { createMemoryObjectStore } from "../../../src/adapters/memory/object-store.ts";
import { readReports } from "../../../src/core/lifecycle/cron/cron-reports.ts";
import type { GetOptions, ObjectStore } from "../../../src/core/ports/object-store.ts";
import { runMinuteTick } from "../../../src/cron/minute-tick.ts";
import { runTick } from "../../../src/cron/run-tick.ts";
import { askInShort, fakeModel } from "../../support/ask.ts";
import { putDeployment, putVersion } from "../../support/publish.ts";
import { createTestCore, type TestCore } from "../../support/test-core.ts";

const MINUTE = "* * * * *";

/** Models that have answered, a second apart. */
async function serving(models: readonly string[] = ["a", "b", "c"]): Promise<TestCore> {
  const core = createTestCore({ revalidateMs: 3_600_000 });
  for (const model of models) {
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
  runTick({ ...core.deps, store }, core.context, MINUTE);

const tickNow = (core: TestCore) => runMinuteTick(core.deps, core.context, MINUTE);

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

describe("a tick of the minute's cron", () => {
  it("lists the models and the bundles of an empty bucket, and does no more", async () => {
    const core = createTestCore();
    await tick(core);
    expect(core.story()).toEqual([
      "list ",
      "list bundles/",
      "tick * * * * *: 0 checked, 0 changed, 0 kept",
    ]);
  });

  it("tells in its report what was settled beside it", async () => {
    const core = createTestCore();
    const settled = { entities: 2, predictions: 70, done: false };
    await runTick({ ...core.deps, settleUnsettled: async () => settled }, core.context, MINUTE);
    const { crons } = await readReports(core.deps);
    expect(crons[0]?.last).toMatchObject({ cron: MINUTE, settled });
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
    expect(core.deps.cron.reports.get(MINUTE)?.refreshed).toEqual({
      checked: 3,
      changed: 2,
      kept: 1,
      announced: 0,
      failed: expect.arrayContaining([
        {
          model: "b",
          reason: "pointer_missing",
          detail: "its deployment.json is gone from the bucket; revision 1 was the last one here",
        },
        {
          model: "c",
          reason: "unreachable",
          detail: "the store did not give it; the log has more",
        },
      ]),
    });
    expect(await askInShort(core, "a")).toBe("2 hit 2");
    expect(await askInShort(core, "b")).toBe("model_not_found");
    expect(await askInShort(core, "c")).toBe("1 hit 1");
  });

  it("tells once that a pointer was deleted by hand, and at each tick that it is gone", async () => {
    const core = await serving(["a", "b"]);
    await core.bucket.delete("models/b/deployment.json", { deadlineMs: 1_000 });
    const failed = () =>
      core.deps.cron.reports
        .get(MINUTE)
        ?.refreshed?.failed.map(({ model, reason }) => [model, reason]);
    for (const told of [["gone b after 1"], []]) {
      await tick(core);
      expect(core.story().filter((line) => line.startsWith("gone"))).toEqual(told);
      expect(failed()).toEqual([["b", "pointer_missing"]]);
      await core.clock.advance(60_000);
    }
    await putDeployment(core.bucket, "b", 2, { production: { "2": 100 } });
    await tick(core);
    expect(failed()).toEqual([]);
    expect(await askInShort(core, "b")).toBe("2 miss 2");
  });

  it("takes nothing away when the bucket lists nothing at all: it is another one, or mounted empty", async () => {
    const core = await serving(["a", "b"]);
    const empty = createMemoryObjectStore({ digest: createNodeDigest() });
    await tick(core, empty);
    expect(core.story()).toEqual([
      "kept a: bucket_empty",
      "kept b: bucket_empty",
      "tick * * * * *: 2 checked, 0 changed, 2 kept",
    ]);
    expect(await askInShort(core, "a")).toBe("1 hit 1");
    await tick(core);
    expect(core.deps.catalog.get("a")?.degraded).toBeUndefined();
  });

  it("takes nothing away either while the bucket cannot be listed", async () => {
    const core = await serving(["a"]);
    await core.bucket.delete("models/a/deployment.json", { deadlineMs: 1_000 });
    core.store.break("list", "unreachable");
    await tick(core);
    expect(core.story()).toContain("kept a: unreachable");
    expect(await askInShort(core, "a")).toBe("1 hit 1");
    core.store.mend();
    // Who may read and not list takes the store at its word.
    core.store.break("list", "denied");
    await tick(core);
    expect(core.story()).toContain("gone a after 1");
  });

  it("leaves alone what is not to be checked, by the Worker's word or the deployment's", async () => {
    const core = await serving(["a", "b"]);
    const entry = core.deps.catalog.get("a");
    if (entry === undefined) throw new Error("a has answered");
    const deployment = { ...entry.deployment, policy: { check_freshness: false } };
    core.deps.catalog.set("a", { ...entry, deployment });
    await tick(core);
    expect(confirmed(core)).toEqual(["b"]);
    const freshness = { ...core.deps.freshness, checkFreshness: false };
    await runTick({ ...core.deps, freshness }, core.context, MINUTE);
    expect(confirmed(core)).toEqual([]);
  });

  it("says why a model goes on with what it had", async () => {
    const core = await serving(["a"]);
    await putVersion(core.bucket, "a", "3", fakeModel(3), { digest: "0".repeat(64) });
    await putDeployment(core.bucket, "a", 2, { production: { "3": 100 } });
    await tick(core);
    expect(core.deps.cron.reports.get(MINUTE)?.refreshed?.failed).toEqual([
      {
        model: "a",
        reason: "digest_mismatch",
        detail: expect.stringMatching(/^version 3: .*SHA-256/),
      },
    ]);
  });

  it("begins nothing once its 12 s are spent; what is left comes first next time", async () => {
    const core = await serving(["a", "b", "c", "d", "e", "f"]);
    await tick(core, slow(core, 3_000));
    expect(confirmed(core)).toEqual(["a", "b", "c", "d"]);
    await tick(core, slow(core, 3_000));
    expect(confirmed(core).slice(0, 2)).toEqual(["e", "f"]);
    await tick(core, slow(core, 2_999));
    expect(confirmed(core)).toHaveLength(6);
  });

  it("goes on past a model that a request's check has forgotten meanwhile", async () => {
    const core = await serving();
    const gate = core.store.holdNext("confirm a");
    const ticking = tick(core);
    core.deps.catalog.forget("b");
    gate.open();
    await ticking;
    expect(core.deps.catalog.get("b")).toBeDefined();
    expect(core.story().at(-1)).toBe("tick * * * * *: 3 checked, 0 changed, 0 kept");
  });

  it("does nothing while another tick of the same isolate runs, and everything after it", async () => {
    const core = await serving();
    const gate = core.store.holdNext("confirm a");
    const first = tickNow(core);
    await tickNow(core);
    expect(core.story().filter((line) => line.startsWith("tick"))).toEqual([
      "tick * * * * *: skipped",
    ]);
    gate.open();
    await first;
    await tick(core);
    expect(core.story().at(-1)).toBe("tick * * * * *: 3 checked, 0 changed, 0 kept");
    expect(core.deps.cron.reports.get(MINUTE)?.lease).toBe("none");
  });

  it("believes for a minute only that a tick which never ended still runs", async () => {
    const core = await serving(["a"]);
    core.store.holdNext("confirm a");
    void tickNow(core);
    await core.clock.advance(59_999);
    await tickNow(core);
    await core.clock.advance(1);
    await tickNow(core);
    const ticks = core.story().filter((line) => line.startsWith("tick"));
    expect(ticks).toEqual([
      "tick * * * * *: skipped",
      "tick * * * * *: 1 checked, 0 changed, 0 kept",
    ]);
  });
});
