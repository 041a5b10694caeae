import { beforeEach, describe, expect, it } from "vitest";
import { readDeployment } from "../../../src/core/lifecycle/read-deployment.ts";
import {
  listModelSummaries,
  type ModelFilter,
} from "../../../src/core/lifecycle/versions/list-models.ts";
import { measureStorage } from "../../../src/core/lifecycle/versions/measure-storage.ts";
import { pruneVersions } from "../../../src/core/lifecycle/versions/prune-versions.ts";
import { modelBytesKey } from "../../../src/core/model/keys.ts";
import { failureOf, must } from "../../support/must.ts";
import { jsonBytes, putDeployment } from "../../support/publish.ts";
import {
  createTestRegistry,
  MOVER,
  point,
  publishAs,
  START_MS,
  type TestRegistry,
} from "../../support/registry-core.ts";
import { registryModel } from "../../support/registry-models.ts";

let registry: TestRegistry;

beforeEach(() => {
  registry = createTestRegistry();
});

describe("the list of models", () => {
  const page = async (filter: ModelFilter = {}, after?: string, limit = 10) => {
    const { items, nextAfter } = must(
      await listModelSummaries(registry.store, filter, { after, limit }),
    );
    return [items.map(({ name }) => name).join(), nextAfter];
  };

  beforeEach(async () => {
    const { deps } = registry;
    await publishAs(deps, "apple", "a", {
      draft: { task: "regression", framework: { name: "XGBoost" }, tags: { team: "red" } },
    });
    await publishAs(deps, "Banana", "b", { draft: { description: "For the Fraud desk" } });
    await publishAs(deps, "cherry", "c", { draft: { tags: { team: "blue", url: "a:b" } } });
    await registry.bucket.put(modelBytesKey("half", "1"), jsonBytes(1), { deadlineMs: 1 });
  });

  it("is by name, with what production serves; unfinished ones are left out", async () => {
    expect(await page()).toEqual(["Banana,apple,cherry", undefined]);
    const { items } = must(await listModelSummaries(registry.store, {}, { limit: 9 }));
    expect(items[1]).toMatchObject({
      name: "apple",
      rev: 1,
      aliases: { production: { "1": 100 } },
      version: "1",
      task: "regression",
      framework: "XGBoost",
      tags: { team: "red" },
    });
  });

  it.each<[ModelFilter, string]>([
    [{ task: "regression" }, "apple"],
    [{ framework: "xgboost" }, "apple"],
    [{ tag: "team" }, "apple,cherry"],
    [{ tag: "team:blue" }, "cherry"],
    [{ tag: "url:a:b" }, "cherry"],
    [{ tag: "constructor" }, ""],
    [{ tag: "toString:x" }, ""],
    [{ text: "FRAUD" }, "Banana"],
    [{ text: "ERR" }, "cherry"],
    [{ text: "e", tag: "team", task: "regression" }, "apple"],
  ])("is filtered by %o", async (filter, names) => {
    expect((await page(filter))[0]).toBe(names);
  });

  it("comes in pages that go on after a name", async () => {
    expect(await page({}, undefined, 2)).toEqual(["Banana,apple", "apple"]);
    expect(await page({}, "apple", 2)).toEqual(["cherry", undefined]);
    expect(await page({ tag: "team" }, undefined, 1)).toEqual(["apple", "apple"]);
    expect((await page({ tag: "team" }, "apple", 1))[0]).toBe("cherry");
    expect(await page({}, "cherry", 1)).toEqual(["", undefined]);
  });

  it("shows a model whose production cannot be read, or that has none", async () => {
    await putDeployment(registry.bucket, "zebra", 1, { production: { "9": 100 } });
    await putDeployment(registry.bucket, "zoo", 1, { staging: { "9": 100 } });
    const { items } = must(await listModelSummaries(registry.store, {}, { limit: 9 }));
    expect(items.slice(3)).toEqual([
      { name: "zebra", rev: 1, aliases: { production: { "9": 100 } } },
      { name: "zoo", rev: 1, aliases: { staging: { "9": 100 } } },
    ]);
  });
});

describe("the storage report", () => {
  it("counts models, versions, objects and bytes, and names what no alias does", async () => {
    const { deps, bucket } = registry;
    for (const label of ["a", "b", "c"]) await publishAs(deps, "m", label);
    await publishAs(deps, "big", "z", { bytes: registryModel("z", { padding: 9_000 }) });
    must(await point(deps, "m", "canary", { weights: { "1": 100 }, shadow: "2" }));
    await bucket.put(modelBytesKey("m", "4"), new Uint8Array(7), { deadlineMs: 1 });
    await bucket.put("models/m/versions/5/notes.json", jsonBytes(1), { deadlineMs: 1 });
    const report = must(await measureStorage(registry.store));
    expect(report).toMatchObject({
      models: 2,
      versions: 4,
      by_model: [
        { model: "big", versions: 1 },
        { model: "m", versions: 3 },
      ],
      oldest: { version: "1" },
      unreferenced: [{ model: "m", version: "3", bytes: registryModel("c").byteLength }],
      unfinished: [{ model: "m", version: "4", bytes: 7 }],
    });
    expect(report.by_model.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(report.bytes);
  });

  it("of an empty bucket is all zeros", async () => {
    expect(must(await measureStorage(registry.store))).toEqual({
      models: 0,
      versions: 0,
      objects: 0,
      bytes: 0,
      by_model: [],
      unreferenced: [],
      unfinished: [],
    });
  });
});

describe("pruning", () => {
  const DAY_MS = 86_400_000;
  const prune = (keepLast: number, keepDays: number | undefined, dryRun: boolean) =>
    pruneVersions(registry.deps, "m", { keepLast, keepDays }, dryRun, MOVER);
  const versions = (list: readonly { readonly version: string }[]) =>
    list.map(({ version }) => version).join();

  beforeEach(async () => {
    for (let n = 0; n < 6; n += 1) {
      registry.clock.set(START_MS + n * DAY_MS);
      await publishAs(registry.deps, "m", `${n}`);
    }
  });

  it("says on a dry run what would go, and why the rest stays; nothing goes", async () => {
    const report = must(await prune(1, 2, true));
    expect(report).toEqual({
      dry_run: true,
      deleted: ["4", "3", "2"].map((version) => ({ version, bytes: expect.any(Number) })),
      kept: [
        { version: "6", because: "one of the newest 1" },
        { version: "5", because: "younger than 2 days" },
        { version: "1", because: "named by production" },
      ],
    });
    expect(must(await readDeployment(registry.bucket, "m")).value.rev).toBe(1);
  });

  it("deletes what the dry run said, and nothing more the second time", async () => {
    expect(versions(must(await prune(1, 2, false)).deleted)).toBe("4,3,2");
    expect(versions(must(await prune(1, 2, false)).deleted)).toBe("");
    expect(versions(must(await prune(1, undefined, false)).deleted)).toBe("5");
  });

  it("reads every page", async () => {
    for (let n = 6; n < 120; n += 1) await publishAs(registry.deps, "m", `${n}`);
    expect(must(await prune(1, undefined, true)).deleted).toHaveLength(118);
  });

  it("keeps what an alias takes meanwhile", async () => {
    const gate = registry.store.holdNext("get m/versions/6/manifest.json");
    const pruned = prune(5, undefined, false);
    must(await point(createTestRegistry(registry.bucket).deps, "m", "x", "2"));
    gate.open();
    expect(versions(must(await pruned).deleted)).toBe("");
    must(await point(registry.deps, "m", "x", "3"));
    const held = registry.store.holdNext("get m/versions/2/notes.json");
    const again = prune(1, undefined, false);
    must(await point(createTestRegistry(registry.bucket).deps, "m", "y", "5"));
    held.open();
    expect(must(await again).kept).toContainEqual({
      version: "5",
      because: "an alias or a bundle took it meanwhile",
    });
  });

  it("needs a model, and stops where the store does", async () => {
    const none = await pruneVersions(registry.deps, "none", { keepLast: 1 }, true, MOVER);
    expect(failureOf(none).reason).toBe("model_not_found");
    registry.store.break("put m/deployment.json", "unreachable");
    expect(failureOf(await prune(1, undefined, false)).reason).toBe("store_unavailable");
  });
});
