import { beforeEach, describe, expect, it } from "vitest";
import { rollBack } from "../../../src/core/lifecycle/pointer/roll-back.ts";
import { removeAlias } from "../../../src/core/lifecycle/pointer/set-alias.ts";
import { readDeployment } from "../../../src/core/lifecycle/read-deployment.ts";
import { deleteVersion } from "../../../src/core/lifecycle/versions/delete-version.ts";
import { historyKey } from "../../../src/core/model/keys.ts";
import { failureOf, must } from "../../support/must.ts";
import {
  inShort,
  MOVER,
  point,
  publishAs,
  registryWithVersions,
  type TestRegistry,
} from "../../support/registry-core.ts";
import { registryModel } from "../../support/registry-models.ts";

let registry: TestRegistry;

const back = (to?: string, alias = "production") =>
  rollBack(registry.deps, "m", { alias, to }, MOVER);
const to = async (...versions: string[]) => {
  for (const version of versions) must(await point(registry.deps, "m", "production", version));
};
const production = async () =>
  inShort(must(await readDeployment(registry.bucket, "m")).value).production;

beforeEach(async () => {
  registry = await registryWithVersions("a", "b", "c");
});

describe("rolling back", () => {
  it("twice goes two steps back, not to and fro", async () => {
    await to("2", "3");
    expect(must(await back())).toEqual({
      alias: "production",
      route: { weights: { "2": 100 } },
      rev: 4,
    });
    expect(must(await back()).route).toEqual({ weights: { "1": 100 } });
    expect(failureOf(await back()).reason).toBe("nothing_to_roll_back");
  });

  it("and moving on goes back to where it was rolled back to", async () => {
    await to("2");
    must(await back());
    await to("3");
    must(await back());
    expect(await production()).toBe("1");
  });

  it("is not disturbed by what other aliases did meanwhile", async () => {
    await to("2");
    must(await point(registry.deps, "m", "staging", "3"));
    must(await point(registry.deps, "m", "staging", "1"));
    must(await back());
    expect(await production()).toBe("1");
    must(await back(undefined, "staging"));
    expect(inShort(must(await readDeployment(registry.bucket, "m")).value).staging).toBe("3");
  });

  it("brings back a split with its shadow", async () => {
    const split = { weights: { "1": 80, "2": 20 }, shadow: "3" };
    must(await point(registry.deps, "m", "production", split));
    await to("3");
    must(await back());
    expect(await production()).toBe("1:80 2:20 ~3");
  });

  it("to a named version works for any that is there", async () => {
    await to("2");
    expect(must(await back("3")).route).toEqual({ weights: { "3": 100 } });
    must(await back());
    expect(await production()).toBe("2");
  });

  it("to where it is moves nothing", async () => {
    expect(must(await back("1")).rev).toBe(1);
  });

  it("to a deleted version is refused, named or not", async () => {
    await to("2", "3");
    must(await deleteVersion(registry.deps, "m", "2", MOVER));
    expect(failureOf(await back()).reason).toBe("version_deleted");
    expect(failureOf(await back("2")).reason).toBe("version_deleted");
    expect(failureOf(await back("9")).reason).toBe("version_not_found");
    expect(await production()).toBe("3");
  });

  it("does not compare interfaces: it must not be in doubt", async () => {
    const bytes = registryModel("d", { input: "other" });
    await publishAs(registry.deps, "m", "d", { bytes });
    must(await point(registry.deps, "m", "production", "4", true));
    must(await back());
    expect(await production()).toBe("1");
  });

  it("needs an alias, and one that held something before", async () => {
    expect(failureOf(await back(undefined, "nobody")).reason).toBe("alias_not_found");
    expect(failureOf(await back()).detail).toContain("has had no other holder");
    must(await point(registry.deps, "m", "staging", "2"));
    must(await removeAlias(registry.deps, "m", "staging", MOVER));
    must(await point(registry.deps, "m", "staging", "3"));
    expect(failureOf(await back(undefined, "staging")).reason).toBe("nothing_to_roll_back");
  });

  it("says so when the history it needs is gone or unreadable", async () => {
    await to("2");
    const { bucket, store } = registry;
    store.break("get m/history/0000000001.json", "unreachable");
    expect(failureOf(await back()).reason).toBe("store_unavailable");
    store.mend();
    await bucket.delete(historyKey("m", 1), { deadlineMs: 1 });
    expect(failureOf(await back()).reason).toBe("nothing_to_roll_back");
  });
});
