import { beforeEach, describe, expect, it } from "vitest";
import { rollBack } from "../../../src/core/lifecycle/pointer/roll-back.ts";
import { promote, setAlias } from "../../../src/core/lifecycle/pointer/set-alias.ts";
import { modelBytesKey } from "../../../src/core/model/keys.ts";
import { failureOf, must } from "../../support/must.ts";
import {
  MOVER,
  point,
  registryWithVersions,
  type TestRegistry,
} from "../../support/registry-core.ts";

const DEADLINE = { deadlineMs: 1_000 };

let registry: TestRegistry;

beforeEach(async () => {
  registry = await registryWithVersions("a", "b");
});

const damage = {
  gone: () => registry.bucket.delete(modelBytesKey("m", "2"), DEADLINE),
  shorter: () => registry.bucket.put(modelBytesKey("m", "2"), new Uint8Array(3), DEADLINE),
};

const WAYS = [
  ["gone", /has no bytes in the bucket any more/],
  ["shorter", /has 3 bytes in the bucket instead of \d+/],
] as const;

describe.each(WAYS)("a version whose bytes are %s", (how, words) => {
  const route = { weights: { "2": 100 } };
  const set = (force: boolean) =>
    setAlias(registry.deps, "m", { alias: "production", route, force }, MOVER);

  it("gets no alias, unless it is forced", async () => {
    await damage[how]();
    const failure = failureOf(await set(false));
    expect([failure.reason, failure.detail]).toEqual([
      "version_damaged",
      expect.stringMatching(words),
    ]);
    expect(must(await set(true)).route).toEqual(route);
  });

  it("is not promoted", async () => {
    must(await point(registry.deps, "m", "staging", "2"));
    await damage[how]();
    const move = { from: "staging", to: "production", force: false };
    expect(failureOf(await promote(registry.deps, "m", move, MOVER)).reason).toBe(
      "version_damaged",
    );
  });

  it("is nothing to roll back to", async () => {
    await damage[how]();
    const back = { alias: "production", to: "2" };
    expect(failureOf(await rollBack(registry.deps, "m", back, MOVER)).reason).toBe(
      "version_damaged",
    );
  });
});
