import { beforeEach, describe, expect, it } from "vitest";
import { replaceDeployment } from "../../../src/core/lifecycle/pointer/replace-deployment.ts";
import { rollBack } from "../../../src/core/lifecycle/pointer/roll-back.ts";
import { promote, removeAlias, setAlias } from "../../../src/core/lifecycle/pointer/set-alias.ts";
import { publishVersion } from "../../../src/core/lifecycle/publish/publish-version.ts";
import { readDeployment } from "../../../src/core/lifecycle/read-deployment.ts";
import { deleteVersion } from "../../../src/core/lifecycle/versions/delete-version.ts";
import { failureOf, must } from "../../support/must.ts";
import {
  createTestRegistry,
  inShort,
  MOVER,
  point,
  registryWithVersions,
  type TestRegistry,
} from "../../support/registry-core.ts";
import { findProblems } from "../../support/registry-invariants.ts";
import { registryModel } from "../../support/registry-models.ts";

let registry: TestRegistry;

const keyed = (key: string, request = "r") => ({ ...MOVER, idempotency: { key, request } });
const production = { alias: "production" };
const read = async () => must(await readDeployment(registry.bucket, "m")).value;
const back = (key: string) => rollBack(registry.deps, "m", production, keyed(key));

beforeEach(async () => {
  registry = await registryWithVersions("a", "b", "c");
  for (const version of ["2", "3"]) must(await point(registry.deps, "m", "production", version));
});

describe("a write that is sent again with its Idempotency-Key", () => {
  it("rolls back one step, not two, after an answer that was lost", async () => {
    const first = must(await back("k"));
    expect(must(await back("k"))).toEqual(first);
    expect([first.rev, inShort(await read())]).toEqual([4, { production: "2" }]);
    must(await back("other"));
    expect(inShort(await read())).toEqual({ production: "1" });
  });

  it("is known to an isolate that has nothing but the bucket", async () => {
    const first = must(await back("k"));
    const { deps } = createTestRegistry(registry.bucket);
    expect(must(await rollBack(deps, "m", production, keyed("k")))).toEqual(first);
    expect((await read()).rev).toBe(4);
  });

  it("answers what it made at first, though others moved the alias since", async () => {
    const first = must(await back("k"));
    must(await point(registry.deps, "m", "production", "1"));
    expect(must(await back("k"))).toEqual(first);
    expect([(await read()).rev, inShort(await read())]).toEqual([5, { production: "1" }]);
  });

  it("does not take an alias back that somebody else moved meanwhile", async () => {
    const { deps } = registry;
    const staging = { alias: "staging", route: { weights: { "1": 100 } }, force: false };
    const first = must(await setAlias(deps, "m", staging, keyed("set")));
    must(await point(deps, "m", "staging", "2"));
    expect(must(await setAlias(deps, "m", staging, keyed("set")))).toEqual(first);
    const release = { from: "staging", to: "production", force: false };
    const promoted = must(await promote(deps, "m", release, keyed("promote")));
    must(await point(deps, "m", "production", "1"));
    expect(must(await promote(deps, "m", release, keyed("promote")))).toEqual(promoted);
    const removed = must(await removeAlias(deps, "m", "staging", keyed("remove")));
    must(await point(deps, "m", "staging", "3"));
    expect(must(await removeAlias(deps, "m", "staging", keyed("remove")))).toEqual(removed);
    expect(inShort(await read())).toEqual({ production: "1", staging: "3" });
  });

  it("replaces all routes once, though its If-Match no longer holds", async () => {
    const { etag } = must(await readDeployment(registry.bucket, "m"));
    const wish = { aliases: { production: { weights: { "1": 100 } } }, force: false };
    const replace = () => replaceDeployment(registry.deps, "m", etag, wish, keyed("k"));
    const first = must(await replace());
    const again = must(await replace());
    expect([again.rev, again.aliases]).toEqual([first.rev, first.aliases]);
    expect((await read()).rev).toBe(first.rev);
  });

  it("publishes, and moves its alias once", async () => {
    const bytes = registryModel("d");
    const digest = "d".repeat(64);
    const request = { model: "m", bytes, digest, draft: {}, alias: "staging", force: false };
    must(await publishVersion(registry.deps, request, keyed("k")));
    must(await point(registry.deps, "m", "staging", "1"));
    const again = must(await publishVersion(registry.deps, request, keyed("k")));
    expect([again.created, again.manifest.version]).toEqual([false, "4"]);
    expect(inShort(again.deployment).staging).toBe("4");
    expect(inShort(await read()).staging).toBe("1");
  });

  it("deletes once, and finishes what was left", async () => {
    must(await deleteVersion(registry.deps, "m", "1", keyed("k")));
    must(await deleteVersion(registry.deps, "m", "1", keyed("k")));
    expect(await read()).toMatchObject({ rev: 4, deleted: ["1"] });
  });

  it("is made once by twenty who race for it", async () => {
    const moved = await Promise.all(
      Array.from({ length: 20 }, () =>
        rollBack(createTestRegistry(registry.bucket).deps, "m", production, keyed("k")),
      ),
    );
    expect(new Set(moved.map((one) => must(one).rev))).toEqual(new Set([4]));
    expect(inShort(await read())).toEqual({ production: "2" });
    expect(await findProblems(registry.bucket, "m")).toEqual([]);
  });
});

describe("an Idempotency-Key", () => {
  it("that came with another request is refused, and nothing is done", async () => {
    must(await back("k"));
    const other = await rollBack(registry.deps, "m", production, keyed("k", "another"));
    expect(failureOf(other).reason).toBe("idempotency_key_reused");
    expect((await read()).rev).toBe(4);
  });

  it("of a refused write is free: the same write may succeed later", async () => {
    const staging = { from: "staging", to: "production", force: false };
    const refused = await promote(registry.deps, "m", staging, keyed("k"));
    expect(failureOf(refused).reason).toBe("alias_not_found");
    must(await point(registry.deps, "m", "staging", "1"));
    must(await promote(registry.deps, "m", staging, keyed("k")));
    expect(inShort(await read()).production).toBe("1");
  });

  it("is kept for the last twenty moves that had one", async () => {
    for (let index = 0; index < 25; index += 1) {
      const route = { weights: { [String((index % 3) + 1)]: 100 } };
      const wish = { alias: "staging", route, force: false };
      must(await setAlias(registry.deps, "m", wish, keyed(`k${index}`)));
    }
    const kept = (await read()).recent_keys?.map(({ key }) => key);
    expect(kept).toEqual(Array.from({ length: 20 }, (_, index) => `k${index + 5}`));
  });
});
