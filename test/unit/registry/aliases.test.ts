import { beforeEach, describe, expect, it } from "vitest";
import { replaceDeployment } from "../../../src/core/lifecycle/pointer/replace-deployment.ts";
import { promote, removeAlias, setAlias } from "../../../src/core/lifecycle/pointer/set-alias.ts";
import { readDeployment } from "../../../src/core/lifecycle/read-deployment.ts";
import { deleteVersion } from "../../../src/core/lifecycle/versions/delete-version.ts";
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
import { registryModel } from "../../support/registry-models.ts";

let registry: TestRegistry;

const deployment = async () => must(await readDeployment(registry.bucket, "m")).value;
const aliases = async () => inShort(await deployment());
const toProduction = { from: "staging", to: "production", force: false };

beforeEach(async () => {
  registry = await registryWithVersions("a", "b", "c");
  registry.calls();
});

describe("an alias", () => {
  it("is set to a version, a split and a shadow", async () => {
    const { deps } = registry;
    expect(must(await point(deps, "m", "staging", "2"))).toEqual({
      alias: "staging",
      route: { weights: { "2": 100 } },
      rev: 2,
    });
    must(await point(deps, "m", "canary", { weights: { "1": 90, "2": 10 }, shadow: "3" }));
    expect(await aliases()).toEqual({ production: "1", staging: "2", canary: "1:90 2:10 ~3" });
  });

  it("may be named `constructor`, like what every object has", async () => {
    const { deps } = registry;
    const before = await removeAlias(deps, "m", "constructor", MOVER);
    expect(failureOf(before).reason).toBe("alias_not_found");
    must(await point(deps, "m", "constructor", "2"));
    must(await promote(deps, "m", { ...toProduction, from: "constructor" }, MOVER));
    expect(await aliases()).toEqual({ production: "2", constructor: "2" });
    must(await removeAlias(deps, "m", "constructor", MOVER));
    expect(Object.keys(await aliases())).toEqual(["production"]);
  });

  it("that points there already is not moved: no write, the same revision", async () => {
    expect(must(await point(registry.deps, "m", "production", "1")).rev).toBe(1);
    expect(registry.calls()).toEqual(["get m/deployment.json"]);
  });

  it("lets go of a version that it named with no traffic", async () => {
    const { deps } = registry;
    must(await point(deps, "m", "production", { weights: { "1": 100, "2": 0 } }));
    expect(failureOf(await deleteVersion(deps, "m", "2", MOVER)).reason).toBe("version_in_use");
    must(await point(deps, "m", "production", "1"));
    must(await deleteVersion(deps, "m", "2", MOVER));
  });

  it("is not pointed at what is not there, or is deleted", async () => {
    const { deps } = registry;
    must(await deleteVersion(deps, "m", "3", MOVER));
    const refused = async (to: Parameters<typeof point>[3]) =>
      failureOf(await point(deps, "m", "staging", to)).reason;
    expect(await refused("9")).toBe("version_not_found");
    expect(await refused("3")).toBe("version_deleted");
    expect(await refused({ weights: { "1": 50, "9": 50 } })).toBe("version_not_found");
    expect(await refused({ weights: { "1": 100 }, shadow: "3" })).toBe("version_deleted");
    const nobody = await setAlias(
      deps,
      "none",
      { alias: "x", route: { weights: { "1": 100 } }, force: true },
      MOVER,
    );
    expect(failureOf(nobody).reason).toBe("model_not_found");
  });

  it("keeps what a newer writer put into the pointer", async () => {
    const document = { ...(await deployment()), novelty: { a: 1 } };
    await registry.bucket.put(deploymentKey("m"), jsonBytes(document), { deadlineMs: 1 });
    must(await point(registry.deps, "m", "staging", "2"));
    expect(await deployment()).toMatchObject({ novelty: { a: 1 }, rev: 2 });
  });
});

describe("promote", () => {
  it("copies all weights, and no shadow", async () => {
    const { deps } = registry;
    must(await point(deps, "m", "staging", { weights: { "1": 50, "2": 50 }, shadow: "3" }));
    const moved = must(await promote(deps, "m", toProduction, MOVER));
    expect(moved).toEqual({
      alias: "production",
      route: { weights: { "1": 50, "2": 50 } },
      rev: 3,
    });
    expect(await aliases()).toMatchObject({ production: "1:50 2:50" });
  });

  it("names the aliases there are when the source is none of them", async () => {
    const failure = failureOf(await promote(registry.deps, "m", toProduction, MOVER));
    expect(failure).toMatchObject({ reason: "alias_not_found" });
    expect(failure.detail).toContain("has no alias 'staging'; it has production");
  });
});

describe("an interface that differs", () => {
  beforeEach(async () => {
    const bytes = registryModel("d", { input: "features", columns: 3 });
    await publishAs(registry.deps, "m", "d", { bytes });
  });

  it("is refused with each difference named, and taken by force", async () => {
    const { deps } = registry;
    const failure = failureOf(await point(deps, "m", "production", "4"));
    expect(failure.reason).toBe("incompatible_schema");
    expect(failure.errors).toEqual([
      { path: "inputs.x", message: "is gone" },
      { path: "inputs.features", message: "is new: callers do not send it" },
      { path: "outputs.sum.shape", message: "[-1, 2] became [-1, 3]" },
    ]);
    expect(failure.detail).toContain("version 4 differs from version 1");
    must(await point(deps, "m", "production", "4", true));
    expect((await deployment()).last_move).toMatchObject({ forced: true });
  });

  it("is refused within one route", async () => {
    const failure = failureOf(
      await point(registry.deps, "m", "canary", { weights: { "1": 50, "4": 50 } }),
    );
    expect(failure.detail).toContain("the route's versions differ from one another");
  });

  it("is not asked about by an alias that is new, or that serves nothing readable", async () => {
    const { deps, bucket } = registry;
    must(await point(deps, "m", "fresh", "4"));
    await bucket.delete("models/m/versions/1/manifest.json", { deadlineMs: 1 });
    must(await point(deps, "m", "production", "4"));
  });

  it("is refused at promotion, where only the source's traffic counts", async () => {
    const { deps } = registry;
    must(await point(deps, "m", "staging", "4"));
    expect(failureOf(await promote(deps, "m", toProduction, MOVER)).reason).toBe(
      "incompatible_schema",
    );
    must(await promote(deps, "m", { ...toProduction, force: true }, MOVER));
    expect(await aliases()).toEqual({ production: "4", staging: "4" });
  });
});

describe("replacing all routes", () => {
  const etagOf = async () => must(await readDeployment(registry.bucket, "m")).etag;
  const canary = { weights: { "1": 90, "2": 10 } };
  const all = { production: { weights: { "2": 100 } }, canary };

  it("takes the document that was read, once", async () => {
    const etag = await etagOf();
    const replace = () =>
      replaceDeployment(registry.deps, "m", etag, { aliases: all, force: false }, MOVER);
    expect(must(await replace())).toMatchObject({ rev: 2, aliases: all });
    expect(failureOf(await replace()).reason).toBe("precondition_failed");
    expect(await aliases()).toEqual({ production: "2", canary: "1:90 2:10" });
  });

  it("is refused when somebody moves between its read and its write", async () => {
    const etag = await etagOf();
    const gate = registry.store.holdNext("get m/versions/2/manifest.json");
    const replaced = replaceDeployment(
      registry.deps,
      "m",
      etag,
      { aliases: all, force: false },
      MOVER,
    );
    must(await point(createTestRegistry(registry.bucket).deps, "m", "staging", "3"));
    gate.open();
    expect(failureOf(await replaced).reason).toBe("precondition_failed");
    expect(await aliases()).toEqual({ production: "1", staging: "3" });
  });

  it("checks every route", async () => {
    const aliasesToo = { ...all, x: { weights: { "9": 100 } } };
    const refused = await replaceDeployment(
      registry.deps,
      "m",
      await etagOf(),
      { aliases: aliasesToo, force: true },
      MOVER,
    );
    expect(failureOf(refused).reason).toBe("version_not_found");
  });
});

describe("racing for one pointer", () => {
  it("ends with a conflict after sixty losses, each wait a little longer up to a bound", async () => {
    const { deps, store, clock } = registry;
    store.break("put m/deployment.json", "precondition_lost");
    const failure = failureOf(await point(deps, "m", "staging", "2"));
    expect(failure.reason).toBe("revision_conflict");
    expect(clock.waits).toHaveLength(59);
    expect(Math.max(...clock.waits)).toBeLessThanOrEqual(400);
    expect(clock.waits[0]).toBeLessThanOrEqual(20);
  });

  it("goes on from what the winner made", async () => {
    const gate = registry.store.holdNext("get m/versions/2/manifest.json");
    const mine = point(registry.deps, "m", "staging", "2");
    must(await point(createTestRegistry(registry.bucket).deps, "m", "canary", "3"));
    gate.open();
    expect(must(await mine).rev).toBe(3);
    expect(await aliases()).toEqual({ production: "1", staging: "2", canary: "3" });
  });
});
