import { describe, expect, it } from "vitest";
import { createNodeDigest } from "../../../infra/local/node-digest.ts";
import { createMemoryObjectStore } from "../../../src/adapters/memory/object-store.ts";
import { currentDeployment } from "../../../src/core/lifecycle/pointer/current-deployment.ts";
import { readHistory, routesAt } from "../../../src/core/lifecycle/pointer/read-history.ts";
import { replaceDeployment } from "../../../src/core/lifecycle/pointer/replace-deployment.ts";
import { rollBack } from "../../../src/core/lifecycle/pointer/roll-back.ts";
import { promote, removeAlias } from "../../../src/core/lifecycle/pointer/set-alias.ts";
import type { PublishDeps } from "../../../src/core/lifecycle/publish/publish-version.ts";
import { readDeployment } from "../../../src/core/lifecycle/read-deployment.ts";
import { annotateVersion } from "../../../src/core/lifecycle/versions/annotate-version.ts";
import { compareVersions } from "../../../src/core/lifecycle/versions/compare-versions.ts";
import { deleteVersion } from "../../../src/core/lifecycle/versions/delete-version.ts";
import { listModelSummaries } from "../../../src/core/lifecycle/versions/list-models.ts";
import { listVersionDescriptions } from "../../../src/core/lifecycle/versions/list-versions.ts";
import { measureStorage } from "../../../src/core/lifecycle/versions/measure-storage.ts";
import { pruneVersions } from "../../../src/core/lifecycle/versions/prune-versions.ts";
import { deploymentKey } from "../../../src/core/model/keys.ts";
import { fail } from "../../../src/core/model/result.ts";
import type { ObjectStore } from "../../../src/core/ports/object-store.ts";
import { must } from "../../support/must.ts";
import { jsonBytes } from "../../support/publish.ts";
import {
  type Deed,
  MOVER,
  point,
  publishAs,
  registryDeps,
  tryPublishing,
} from "../../support/registry-core.ts";
import { findProblems, snapshotVersions } from "../../support/registry-invariants.ts";

const toProduction = { from: "staging", to: "production", force: false };
const production = { alias: "production" };

const DEEDS: Readonly<Record<string, Deed>> = {
  "publish anew": (deps) => tryPublishing(deps, "m", "new", { alias: "staging" }),
  "publish again": (deps) => tryPublishing(deps, "m", "c"),
  "publish deleted bytes": (deps) => tryPublishing(deps, "m", "d"),
  "publish a first version": (deps) => tryPublishing(deps, "n", "x"),
  set: (deps) => point(deps, "m", "production", { weights: { "1": 50, "3": 50 } }),
  remove: (deps) => removeAlias(deps, "m", "staging", MOVER),
  promote: (deps) => promote(deps, "m", toProduction, MOVER),
  "roll back": (deps) => rollBack(deps, "m", production, MOVER),
  "roll back to": (deps) => rollBack(deps, "m", { ...production, to: "3" }, MOVER),
  replace: async (deps) => {
    const { etag } = must(await readDeployment(bucketOf(deps), "m"));
    const aliases = { production: { weights: { "3": 100 } } };
    return replaceDeployment(deps, "m", etag, { aliases, force: false }, MOVER);
  },
  delete: (deps) => deleteVersion(deps, "m", "3", MOVER),
  annotate: (deps) => annotateVersion(deps.store, "m", "1", { tags: { a: "b" } }),
  compare: (deps) => compareVersions(deps.store, "m", ["1", "staging"]),
  history: (deps) => readHistory(deps.store, "m", { limit: 10 }),
  "history at": (deps) => routesAt(deps.store, "m", deps.clock.now()),
  models: (deps) => listModelSummaries(deps.store, {}, { limit: 10 }),
  versions: async (deps) => {
    const current = await currentDeployment(deps.store, "m");
    if (!current.ok) return current;
    return listVersionDescriptions(deps.store, current.value.value, { limit: 10 });
  },
  storage: (deps) => measureStorage(deps.store),
  prune: (deps) => pruneVersions(deps, "m", { keepLast: 1 }, false, MOVER),
};

/** A model with three versions, one deleted, a pointer that was edited by hand, and a split history. */
async function prepare(bucket: ObjectStore): Promise<void> {
  const deps = registryDeps(bucket);
  for (const label of ["a", "b", "c", "d"]) await publishAs(deps, "m", label);
  must(await point(deps, "m", "staging", "2"));
  must(await deleteVersion(deps, "m", "4", MOVER));
  const { aliases, ...rest } = must(await readDeployment(bucket, "m")).value;
  const edited = {
    ...rest,
    rev: 4,
    aliases: { ...aliases, production: { weights: { "2": 100 } } },
  };
  await bucket.put(deploymentKey("m"), jsonBytes(edited), { deadlineMs: 1 });
  must(await point(deps, "m", "production", { weights: { "1": 100 } }));
}

const buckets = new WeakMap<object, ObjectStore>();
const bucketOf = ({ store }: PublishDeps): ObjectStore => buckets.get(store) ?? store;

/** Fails the `index`-th call alone. */
function failingOnce(bucket: ObjectStore, index: number) {
  let calls = 0;
  let failed: string | undefined;
  const call = <T>(name: string, key: string, work: () => Promise<T>) => {
    calls += 1;
    if (calls !== index) return work();
    failed = `${name} ${key}`;
    return Promise.resolve(fail({ reason: "unreachable", detail: key }));
  };
  const store: ObjectStore = {
    get: (key, options) => call("get", key, () => bucket.get(key, options)),
    head: (key, options) => call("head", key, () => bucket.head(key, options)),
    put: (key, bytes, options) => call("put", key, () => bucket.put(key, bytes, options)),
    list: (prefix, options) => call("list", prefix, () => bucket.list(prefix, options)),
    delete: (key, options) => call("delete", key, () => bucket.delete(key, options)),
  };
  buckets.set(store, bucket);
  return { store, failed: () => failed };
}

describe("when one call of the store fails", () => {
  it.each(Object.entries(DEEDS))(
    "%s says that the store is not available or does it all the same; the registry stays valid",
    async (_name, deed) => {
      for (let index = 1; ; index += 1) {
        const bucket = createMemoryObjectStore({ digest: createNodeDigest() });
        await prepare(bucket);
        const before = await snapshotVersions(bucket, "m");
        const { store, failed } = failingOnce(bucket, index);
        const outcome = await deed(registryDeps(store));
        const reason = outcome.ok ? "done" : outcome.failure.reason;
        if (failed() === undefined) {
          expect(reason).toBe("done");
          expect(index).toBeGreaterThan(1);
          return;
        }
        expect([failed(), reason]).toEqual([
          failed(),
          expect.stringMatching(/^(done|store_unavailable)$/),
        ]);
        expect([failed(), await findProblems(bucket, "m", before)]).toEqual([failed(), []]);
      }
    },
  );
});
