import { beforeEach, describe, expect, it } from "vitest";
import { readDeployment } from "../../../src/core/lifecycle/read-deployment.ts";
import { readManifest } from "../../../src/core/lifecycle/read-manifest.ts";
import { refreshDeployment } from "../../../src/core/lifecycle/refresh-deployment.ts";
import { deleteVersion } from "../../../src/core/lifecycle/versions/delete-version.ts";
import { askInShort, fakeModel } from "../../support/ask.ts";
import { failureOf, must } from "../../support/must.ts";
import { publish, putDeployment, putVersion } from "../../support/publish.ts";
import { MOVER, point, registryDeps } from "../../support/registry-core.ts";
import { createTestCore, type TestCore } from "../../support/test-core.ts";

let core: TestCore;

const registry = () => registryDeps(core.bucket);
const pointer = async () => must(await readDeployment(core.bucket, "iris")).value;
const digestOf = async (version: string) =>
  must(await readManifest(core.bucket, "iris", version)).digest;

/** Another isolate on the same bucket, which has loaded nothing yet. */
const another = (withBackup = false) => {
  const { bucket } = core;
  return createTestCore({ bucket, withBackup });
};

/** Versions 1 and 2; an alias has named each, and production answers from 2. */
beforeEach(async () => {
  core = createTestCore();
  await publish(core.bucket, "iris", fakeModel(1, 10));
  await putVersion(core.bucket, "iris", "2", fakeModel(2, 10));
  must(await point(registry(), "iris", "staging", "1"));
  must(await point(registry(), "iris", "production", "2"));
});

/** As somebody does who copies another registry's folder over a version's. */
const replace = (version: string, mark: number) =>
  putVersion(core.bucket, "iris", version, fakeModel(mark, 10));

describe("a version whose manifest and bytes were overwritten together", () => {
  it("is refused by isolates that have not had it: the first published digest stands", async () => {
    await replace("2", 8);
    const other = another();
    expect(await askInShort(other, "iris")).toBe("model_unavailable");
    expect(other.story()).toContain("failed iris@2: version_overwritten");
    expect(other.story().filter((line) => line.startsWith("open"))).toEqual([]);
  });

  it("is served on by one that has it", async () => {
    expect(await askInShort(core, "iris")).toBe("2 miss 2");
    await replace("2", 8);
    expect(await askInShort(core, "iris")).toBe("2 hit 2");
  });

  it("takes no alias, not even by force, until it is put right", async () => {
    await replace("1", 8);
    for (const force of [false, true]) {
      const refused = failureOf(await point(registry(), "iris", "production", "1", force));
      expect(refused).toMatchObject({
        reason: "version_damaged",
        detail: expect.stringContaining("was overwritten in the bucket"),
      });
    }
    await replace("1", 1);
    must(await point(registry(), "iris", "production", "1"));
  });

  it("keeps an isolate on what it had, when a pointer was moved to it past Freshet", async () => {
    expect(await askInShort(core, "iris")).toBe("2 miss 2");
    const { digests } = await pointer();
    await replace("1", 8);
    await putDeployment(core.bucket, "iris", 9, { production: { "1": 100 } }, { digests });
    expect(await refreshDeployment(core.deps, core.context, "iris")).toBe("kept");
    expect(await askInShort(core, "iris")).toBe("2 hit 2");
    expect(core.deps.catalog.get("iris")?.degraded?.reason).toBe("version_overwritten");
  });

  it("that was asked for by its number, before the pointer was known, is let go of once it is", async () => {
    await replace("2", 8);
    const other = another();
    const gate = other.store.holdNext("get iris/deployment.json");
    expect(await askInShort(other, "iris@2")).toBe("2 miss 8");
    gate.open();
    await other.background();
    expect(await askInShort(other, "iris")).toBe("model_unavailable");
    expect(await askInShort(other, "iris@2")).toBe("model_unavailable");
  });

  it("is served from the second bucket and put right in the first, manifest and bytes", async () => {
    const other = another(true);
    await putVersion(other.backup, "iris", "2", fakeModel(2, 10));
    const digest = await digestOf("2");
    await replace("2", 8);
    expect(await askInShort(other, "iris")).toBe("2 miss 2");
    expect(other.story()).toContain("from backup iris@2: version_overwritten");
    await other.background();
    expect(await digestOf("2")).toBe(digest);
    expect(await askInShort(another(), "iris")).toBe("2 miss 2");
  });

  it("is not made good by a second bucket that has something else", async () => {
    const other = another(true);
    await putVersion(other.backup, "iris", "2", fakeModel(9, 10));
    await replace("2", 8);
    expect(await askInShort(other, "iris")).toBe("model_unavailable");
  });
});

describe("the digests in a pointer", () => {
  it("are those of the versions that aliases have named, and stay when an alias moves on", async () => {
    must(await point(registry(), "iris", "staging", "2"));
    expect((await pointer()).digests).toEqual({
      "1": await digestOf("1"),
      "2": await digestOf("2"),
    });
  });

  it("leave a bucket that was filled by hand as it is: what is first loaded is believed", async () => {
    core = createTestCore();
    await publish(core.bucket, "iris", fakeModel(1, 10));
    await replace("1", 8);
    expect(await askInShort(another(), "iris")).toBe("1 miss 8");
    expect(await pointer()).not.toHaveProperty("digests");
  });

  it("forget a version that is deleted, whatever stands in its place", async () => {
    must(await point(registry(), "iris", "staging", "2"));
    await replace("1", 8);
    must(await deleteVersion(registry(), "iris", "1", MOVER));
    expect(Object.keys((await pointer()).digests ?? {})).toEqual(["2"]);
  });

  it("are of two hundred versions at most, those that answer among them", async () => {
    const digests = Object.fromEntries(
      Array.from({ length: 300 }, (_, index) => [`${index + 3}`, "f".repeat(64)]),
    );
    const { aliases } = await pointer();
    const weights = Object.fromEntries(
      Object.entries(aliases).map(([alias, route]) => [alias, route.weights]),
    );
    await putDeployment(core.bucket, "iris", 9, weights, { digests });
    must(await point(registry(), "iris", "canary", "1"));
    const kept = Object.keys((await pointer()).digests ?? {});
    expect([kept.length, kept.includes("1"), kept.includes("2"), kept.includes("302")]).toEqual([
      200,
      true,
      true,
      true,
    ]);
  });
});
