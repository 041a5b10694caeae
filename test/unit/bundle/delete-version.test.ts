import { beforeEach, describe, expect, it } from "vitest";
import { deleteBundle } from "../../../src/core/lifecycle/bundle/delete-bundle.ts";
import { putBundle } from "../../../src/core/lifecycle/bundle/put-bundle.ts";
import { deleteVersion } from "../../../src/core/lifecycle/versions/delete-version.ts";
import { pruneVersions } from "../../../src/core/lifecycle/versions/prune-versions.ts";
import { failureOf, must } from "../../support/must.ts";
import { jsonBytes } from "../../support/publish.ts";
import {
  MOVER,
  point,
  publishAs,
  registryWithVersions,
  type TestRegistry,
} from "../../support/registry-core.ts";

let registry: TestRegistry;

const remove = (version: string) => deleteVersion(registry.deps, "m", version, MOVER);
const bundle = (name: string, ...references: string[]) =>
  putBundle(registry.deps, name, { references }, "any").then(must);

beforeEach(async () => {
  registry = await registryWithVersions("a", "b", "c");
});

describe("deleting a version that a bundle names", () => {
  it("is refused with the bundles' names, until none names it", async () => {
    await bundle("first", "m@2");
    await bundle("second", "m@production", "m@2");
    expect(failureOf(await remove("2"))).toMatchObject({
      reason: "version_in_use",
      detail:
        "version '2' of model 'm' is named by bundle 'first', bundle 'second': move them first",
    });
    must(await deleteBundle(registry.store, "first"));
    await bundle("second", "m");
    must(await remove("2"));
  });

  it("names the bundle, too, that means it by an alias", async () => {
    await bundle("first", "m");
    expect(failureOf(await remove("1")).detail).toContain("named by production, bundle 'first'");
  });

  it("is not refused for another model's version of that number", async () => {
    await publishAs(registry.deps, "n", "a");
    await publishAs(registry.deps, "n", "b");
    await bundle("first", "n@2", "m@1");
    must(await remove("2"));
  });

  it("is refused while a bundle cannot be read or listed: nobody knows what it names", async () => {
    await registry.bucket.put("bundles/torn.json", jsonBytes({}), { deadlineMs: 1 });
    expect(failureOf(await remove("2"))).toMatchObject({
      reason: "invalid_bundle",
      detail: expect.stringContaining("bundles/torn.json"),
    });
    must(await deleteBundle(registry.store, "torn"));
    registry.store.break("list bundles/", "unreachable");
    expect(failureOf(await remove("2")).reason).toBe("store_unavailable");
  });

  it("is not done by pruning, whose dry run says so, too", async () => {
    await point(registry.deps, "m", "production", "3");
    await bundle("first", "m@1");
    const prune = async (dryRun: boolean) =>
      must(await pruneVersions(registry.deps, "m", { keepLast: 1 }, dryRun, MOVER));
    for (const dryRun of [true, false]) {
      expect(await prune(dryRun)).toMatchObject({
        deleted: [{ version: "2" }],
        kept: [{ version: "3" }, { version: "1", because: "named by bundle first" }],
      });
    }
  });
});
