import { beforeEach, describe, expect, it } from "vitest";
import { readHistory, routesAt } from "../../../src/core/lifecycle/pointer/read-history.ts";
import { rollBack } from "../../../src/core/lifecycle/pointer/roll-back.ts";
import { removeAlias } from "../../../src/core/lifecycle/pointer/set-alias.ts";
import { readDeployment } from "../../../src/core/lifecycle/read-deployment.ts";
import { readDocument } from "../../../src/core/lifecycle/read-document.ts";
import { moveSchema } from "../../../src/core/model/deployment.ts";
import { deploymentKey, historyKey } from "../../../src/core/model/keys.ts";
import { failureOf, must } from "../../support/must.ts";
import { jsonBytes, putDeployment } from "../../support/publish.ts";
import {
  createTestRegistry,
  inShort,
  MOVER,
  point,
  publishAs,
  registryWithVersions,
  START_MS,
  type TestRegistry,
} from "../../support/registry-core.ts";
import { findProblems } from "../../support/registry-invariants.ts";

let registry: TestRegistry;

const HOUR_MS = 3_600_000;
const to = (version: string, alias = "production") => point(registry.deps, "m", alias, version);
const history = async (before?: number, limit = 100) =>
  must(await readHistory(registry.store, "m", { before, limit }));
const revs = async (before?: number, limit?: number) =>
  (await history(before, limit)).items.map(({ rev }) => rev);
const at = async (ms: number) =>
  inShort({ aliases: must(await routesAt(registry.store, "m", ms)) });
const read = async () => must(await readDeployment(registry.bucket, "m")).value;
const edit = async (changes: object) =>
  registry.bucket.put(deploymentKey("m"), jsonBytes({ ...(await read()), ...changes }), {
    deadlineMs: 1,
  });

beforeEach(async () => {
  registry = await registryWithVersions("a", "b", "c");
});

describe("the history", () => {
  it("says who, when, why, from and to, newest first", async () => {
    registry.clock.set(START_MS + HOUR_MS);
    must(await to("2"));
    expect((await history()).items).toMatchObject([
      {
        rev: 2,
        at: "2026-01-01T01:00:00.000Z",
        actor: "ada",
        reason: "a test",
        action: "set",
        alias: "production",
        from: { weights: { "1": 100 } },
        to: { weights: { "2": 100 } },
      },
      { rev: 1, action: "publish", from: null, to: { weights: { "1": 100 } } },
    ]);
  });

  it("comes in pages that leave nothing out", async () => {
    for (const version of ["2", "3", "1", "2"]) must(await to(version));
    const first = await history(undefined, 2);
    expect([first.items.map(({ rev }) => rev), first.nextBefore]).toEqual([[5, 4], 4]);
    expect(await revs(4, 2)).toEqual([3, 2]);
    const last = await history(2, 2);
    expect([last.items.map(({ rev }) => rev), last.nextBefore]).toEqual([[1], undefined]);
  });

  it("has the newest move although its entry could not be written, and writes it with the next", async () => {
    registry.store.break("put m/history/0000000002.json", "unreachable");
    must(await to("2"));
    expect(await revs()).toEqual([2, 1]);
    expect(await at(Number.MAX_SAFE_INTEGER)).toEqual({ production: "2" });
    const blocked = await to("3");
    expect(failureOf(blocked).reason).toBe("store_unavailable");
    registry.store.mend();
    must(await to("3"));
    expect(await revs()).toEqual([3, 2, 1]);
    expect(await findProblems(registry.bucket, "m")).toEqual([]);
  });

  it("is never short of an entry that was there when it was asked for", async () => {
    must(await to("2"));
    const gate = registry.store.holdNext("get m/deployment.json");
    const asked = history();
    must(await point(createTestRegistry(registry.bucket).deps, "m", "production", "3"));
    gate.open();
    expect((await asked).items.map(({ rev }) => rev)).toEqual([3, 2, 1]);
  });

  it("is not found without a model, and outlives its pointer", async () => {
    const none = await readHistory(registry.store, "none", { limit: 1 });
    expect(failureOf(none).reason).toBe("model_not_found");
    expect(failureOf(await routesAt(registry.store, "none", 0)).reason).toBe("model_not_found");
    await registry.bucket.delete(deploymentKey("m"), { deadlineMs: 1 });
    expect(await revs()).toEqual([1]);
  });

  it("says so when an entry cannot be read", async () => {
    must(await to("2"));
    await registry.bucket.put(historyKey("m", 1), jsonBytes({}), { deadlineMs: 1 });
    const failure = failureOf(await readHistory(registry.store, "m", { limit: 5 }));
    expect([failure.reason, failure.detail]).toEqual([
      "store_unavailable",
      expect.stringContaining("the history cannot be read: models/m/history/0000000001.json"),
    ]);
    expect(failureOf(await routesAt(registry.store, "m", START_MS)).reason).toBe(
      "store_unavailable",
    );
  });
});

describe("what served at a time", () => {
  it("is found by halving: few reads among many moves", async () => {
    for (let hour = 1; hour <= 40; hour += 1) {
      registry.clock.set(START_MS + hour * HOUR_MS);
      must(await to(hour % 2 === 0 ? "1" : "2"));
    }
    registry.calls();
    expect(await at(START_MS + 7.5 * HOUR_MS)).toEqual({ production: "2" });
    const reads = registry.calls().filter((line) => line.startsWith("get m/history/"));
    expect(reads.length).toBeLessThanOrEqual(6);
    for (let hour = 0; hour <= 40; hour += 1) {
      const wanted = hour % 2 === 0 ? "1" : "2";
      expect([hour, await at(START_MS + hour * HOUR_MS)]).toEqual([hour, { production: wanted }]);
    }
  });

  it("is nothing before the first move", async () => {
    expect(await at(START_MS - 1)).toEqual({});
  });

  it("knows of aliases that are gone", async () => {
    must(await to("2", "staging"));
    registry.clock.set(START_MS + HOUR_MS);
    must(await removeAlias(registry.deps, "m", "staging", MOVER));
    expect(await at(START_MS)).toEqual({ production: "1", staging: "2" });
    expect(await at(START_MS + HOUR_MS)).toEqual({ production: "1" });
  });

  it("stays in order when clocks go backwards", async () => {
    registry.clock.set(START_MS + HOUR_MS);
    must(await to("2"));
    registry.clock.set(START_MS - HOUR_MS);
    must(await to("3"));
    const times = (await history()).items.map(({ at: time }) => time);
    expect(times.slice(0, 2)).toEqual(["2026-01-01T01:00:00.000Z", "2026-01-01T01:00:00.000Z"]);
    expect(await at(START_MS + HOUR_MS)).toEqual({ production: "3" });
  });
});

describe("a pointer that was edited by hand", () => {
  it("gets an entry of its own from the next mover, and can be rolled back to", async () => {
    await edit({ rev: 2, aliases: { production: { weights: { "2": 100 } } } });
    must(await to("3"));
    expect((await history()).items.map(({ rev, action, actor }) => [rev, action, actor])).toEqual([
      [3, "set", "ada"],
      [2, "external", "unknown"],
      [1, "publish", "ada"],
    ]);
    const back = () => rollBack(registry.deps, "m", { alias: "production" }, MOVER);
    must(await back());
    expect(inShort(await read())).toEqual({ production: "2" });
    must(await back());
    expect(inShort(await read())).toEqual({ production: "1" });
    expect(await findProblems(registry.bucket, "m")).toEqual([]);
  });

  it("counts as a revision when its editor forgot to raise it", async () => {
    await edit({ aliases: { production: { weights: { "2": 100 } } } });
    expect(must(await to("2")).rev).toBe(1);
    expect(must(await to("3")).rev).toBe(3);
    expect((await history()).items.map(({ action }) => action)).toEqual([
      "set",
      "external",
      "publish",
    ]);
    must(await rollBack(registry.deps, "m", { alias: "production" }, MOVER));
    expect(inShort(await read())).toEqual({ production: "2" });
  });

  it("rolls back past an edit that did not touch the alias", async () => {
    must(await to("2"));
    await edit({ rev: 3, aliases: { ...(await read()).aliases, x: { weights: { "3": 100 } } } });
    must(await rollBack(registry.deps, "m", { alias: "production" }, MOVER));
    expect(inShort(await read())).toEqual({ production: "1", x: "3" });
  });

  it("at revision 0 is a pointer like any other", async () => {
    await putDeployment(registry.bucket, "m", 0, { production: { "2": 100 } });
    await publishAs(registry.deps, "m", "d");
    expect(inShort(await read())).toEqual({ production: "2" });
    must(await to("3"));
    must(await rollBack(registry.deps, "m", { alias: "production" }, MOVER));
    expect(inShort(await read())).toEqual({ production: "2" });
  });

  it("has the time at which it was first noticed, in order with the rest", async () => {
    await edit({ rev: 2, aliases: { production: { weights: { "2": 100 } } } });
    registry.clock.set(START_MS + HOUR_MS);
    registry.store.break("put m/deployment.json", "unreachable");
    await to("3");
    registry.store.mend();
    registry.clock.set(START_MS - HOUR_MS);
    must(await to("3"));
    const times = (await history()).items.map((move) => move.at);
    expect(times).toEqual([
      "2026-01-01T01:00:00.000Z",
      "2026-01-01T01:00:00.000Z",
      "2026-01-01T00:00:00.000Z",
    ]);
  });

  it("moves on although its entry cannot be read", async () => {
    await edit({ rev: 2, aliases: { production: { weights: { "2": 100 } } } });
    await registry.bucket.put(historyKey("m", 2), jsonBytes("?"), { deadlineMs: 1 });
    expect(must(await to("3")).rev).toBe(4);
    expect(
      inShort(must(await readDocument(registry.bucket, historyKey("m", 3), moveSchema)).value),
    ).toEqual({ production: "2" });
  });

  it("that is not a deployment any more stops moves, and says what to do", async () => {
    await registry.bucket.put(deploymentKey("m"), jsonBytes({ model: "m" }), { deadlineMs: 1 });
    const failure = failureOf(await to("2"));
    expect(failure.reason).toBe("deployment_unreadable");
    expect(failure.detail).toMatch(
      /deployment\.json: rev: .*freshet restore m.*PUT \/v1\/models\/m/,
    );
    expect((await history()).items.map(({ rev }) => rev)).toEqual([1]);
  });
});
