import { beforeEach, describe, expect, it } from "vitest";
import { readHistory } from "../../../src/core/lifecycle/pointer/read-history.ts";
import { replaceDeployment } from "../../../src/core/lifecycle/pointer/replace-deployment.ts";
import { rollBack } from "../../../src/core/lifecycle/pointer/roll-back.ts";
import { readDeployment } from "../../../src/core/lifecycle/read-deployment.ts";
import { deleteVersion } from "../../../src/core/lifecycle/versions/delete-version.ts";
import { listModelSummaries } from "../../../src/core/lifecycle/versions/list-models.ts";
import { measureStorage } from "../../../src/core/lifecycle/versions/measure-storage.ts";
import { deploymentKey } from "../../../src/core/model/keys.ts";
import { failureOf, must } from "../../support/must.ts";
import { jsonBytes } from "../../support/publish.ts";
import {
  createTestRegistry,
  inShort,
  MOVER,
  point,
  publishAs,
  registryWithVersions,
  type TestRegistry,
} from "../../support/registry-core.ts";
import { findProblems } from "../../support/registry-invariants.ts";

let registry: TestRegistry;

const PUT = { deadlineMs: 1 };
const key = deploymentKey("m");
const to = (version: string, alias = "production") => point(registry.deps, "m", alias, version);
const read = async () => must(await readDeployment(registry.bucket, "m")).value;
const revs = async () =>
  must(await readHistory(registry.store, "m", { limit: 100 })).items.map(
    ({ rev, action }) => `${rev} ${action}`,
  );

beforeEach(async () => {
  registry = await registryWithVersions("a", "b", "c");
});

/** Puts the pointer of revision 2 back after two more moves. */
async function putBackOlder(): Promise<void> {
  must(await to("2"));
  const older = await read();
  must(await to("3"));
  must(await to("2", "staging"));
  await registry.bucket.put(key, jsonBytes(older), PUT);
}

describe("an older pointer that somebody put back", () => {
  it("is an edit above all that the history has, and the next move comes after it", async () => {
    await putBackOlder();
    expect(must(await to("1")).rev).toBe(6);
    expect(await revs()).toEqual(["6 set", "5 external", "4 set", "3 set", "2 set", "1 publish"]);
    expect(inShort(await read())).toEqual({ production: "1" });
    expect(await findProblems(registry.bucket, "m")).toEqual([]);
  });

  it("rolls back along its own line", async () => {
    await putBackOlder();
    must(await to("3"));
    must(await rollBack(registry.deps, "m", { alias: "production" }, MOVER));
    expect(inShort(await read())).toEqual({ production: "2" });
    must(await rollBack(registry.deps, "m", { alias: "production" }, MOVER));
    expect(inShort(await read())).toEqual({ production: "1" });
    expect(await findProblems(registry.bucket, "m")).toEqual([]);
  });

  it("is told once, though the first who noticed died before the move", async () => {
    await putBackOlder();
    registry.store.break("put m/deployment.json", "unreachable");
    expect((await to("1")).ok).toBe(false);
    registry.store.mend();
    expect(must(await to("1")).rev).toBe(6);
    expect((await revs()).filter((line) => line.endsWith("external"))).toHaveLength(1);
    expect(await findProblems(registry.bucket, "m")).toEqual([]);
  });

  it("is not mistaken for a faster writer", async () => {
    const held = registry.store.holdNext("get m/deployment.json");
    const mine = to("3");
    must(await point(createTestRegistry(registry.bucket).deps, "m", "production", "2"));
    held.open();
    expect(must(await mine).rev).toBe(3);
    expect(await revs()).toEqual(["3 set", "2 set", "1 publish"]);
  });

  it("was edited, too: no entry of the old line is taken for it", async () => {
    must(await to("2"));
    const older = await read();
    must(await to("3"));
    const edited = { ...older, aliases: { production: { weights: { "1": 100 } } } };
    await registry.bucket.put(key, jsonBytes(edited), PUT);
    expect(must(await to("2")).rev).toBe(5);
    expect(await findProblems(registry.bucket, "m")).toEqual([]);
  });
});

describe("a model whose pointer was lost", () => {
  it("gets back with the next publish what the history tells, under a new revision", async () => {
    must(await to("2"));
    must(await to("3", "staging"));
    must(await registry.bucket.delete(key, PUT));
    await publishAs(registry.deps, "m", "d");
    expect(inShort(await read())).toEqual({ production: "2", staging: "3" });
    expect(await revs()).toEqual(["4 replace", "3 set", "2 set", "1 publish"]);
    must(await rollBack(registry.deps, "m", { alias: "production" }, MOVER));
    expect(inShort(await read())).toEqual({ production: "1", staging: "3" });
    expect(await findProblems(registry.bucket, "m")).toEqual([]);
  });

  it("serves the new version where the old ones are gone, too, and knows what was deleted", async () => {
    must(await to("2"));
    must(await deleteVersion(registry.deps, "m", "1", MOVER));
    for (const file of ["deployment.json", "versions/2/manifest.json"]) {
      must(await registry.bucket.delete(`models/m/${file}`, PUT));
    }
    await publishAs(registry.deps, "m", "d");
    expect(await read()).toMatchObject({ rev: 4, deleted: ["1"] });
    expect(inShort(await read())).toEqual({ production: "4" });
  });
});

describe("a pointer that cannot be read", () => {
  const damage = () => registry.bucket.put(key, new TextEncoder().encode("{oops"), PUT);

  it("says so and what to do, whatever was asked; the store is not blamed", async () => {
    await damage();
    for (const outcome of [
      await to("2"),
      await rollBack(registry.deps, "m", { alias: "production" }, MOVER),
      await deleteVersion(registry.deps, "m", "2", MOVER),
    ]) {
      expect(failureOf(outcome).reason).toBe("deployment_unreadable");
    }
  });

  it("hides no other model, and lets no version of its own count as unreferenced", async () => {
    await publishAs(registry.deps, "n", "x");
    await damage();
    const { items } = must(await listModelSummaries(registry.store, {}, { limit: 10 }));
    expect(items.map(({ name, problem }) => [name, problem])).toEqual([
      ["m", "deployment_unreadable"],
      ["n", undefined],
    ]);
    expect(must(await measureStorage(registry.store)).unreferenced).toEqual([]);
  });

  it("is replaced by whoever names its etag, and goes on from the history", async () => {
    must(await to("2"));
    const { etag } = must(await damage());
    const wish = { aliases: { production: { weights: { "3": 100 } } }, force: false };
    const stale = await replaceDeployment(registry.deps, "m", '"other"', wish, MOVER);
    expect(failureOf(stale).reason).toBe("precondition_failed");
    expect(must(await replaceDeployment(registry.deps, "m", etag, wish, MOVER)).rev).toBe(3);
    must(await rollBack(registry.deps, "m", { alias: "production" }, MOVER));
    expect(inShort(await read())).toEqual({ production: "2" });
    expect(await findProblems(registry.bucket, "m")).toEqual([]);
  });
});
