import { describe, expect, it } from "vitest";
import { createNodeDigest } from "../../../infra/local/node-digest.ts";
import { createMemoryBytesCache } from "../../../src/adapters/memory/bytes-cache.ts";
import { createMemoryObjectStore } from "../../../src/adapters/memory/object-store.ts";
import {
  checkVersionObjects,
  type ObjectVerdict,
} from "../../../src/core/lifecycle/check-version-object.ts";
import { refreshNow } from "../../../src/core/lifecycle/freshness/refresh-now.ts";
import { VersionObjects } from "../../../src/core/lifecycle/version-objects.ts";
import { deploymentKey, modelBytesKey } from "../../../src/core/model/keys.ts";
import type { Bytes } from "../../../src/core/model/tensor.ts";
import type { ObjectStore, StoreFailure } from "../../../src/core/ports/object-store.ts";
import { askInShort, fakeModel } from "../../support/ask.ts";
import { publish, putDeployment } from "../../support/publish.ts";
import { createTestCore, type TestCore } from "../../support/test-core.ts";

const DEADLINE = { deadlineMs: 1_000 };
const BYTES = modelBytesKey("iris", "1");
const digest = createNodeDigest();

interface Watched extends TestCore {
  readonly objects: VersionObjects;
  /** Checks what is loaded; each verdict, and the calls to the store. */
  check(options?: { readonly store?: ObjectStore; readonly budgetMs?: number }): Promise<{
    readonly verdicts: Readonly<Partial<Record<ObjectVerdict, number>>>;
    readonly told: readonly string[];
  }>;
  overwrite(bytes: Bytes, salt?: string): Promise<void>;
}

/** An isolate that serves `iris`, from a bucket whose next etags can be salted. */
async function serving(models: readonly string[] = ["iris"]): Promise<Watched> {
  const kept = createMemoryObjectStore({ digest });
  let salted: { readonly store: ObjectStore } | undefined;
  // Etags are hashes of the bytes: for the same bytes under another one the object lies in a second store.
  const under = (key: string) => (key === BYTES && salted !== undefined ? salted.store : kept);
  const bucket: ObjectStore = {
    ...kept,
    get: (key, options) => under(key).get(key, options),
    head: (key, options) => under(key).head(key, options),
  };
  const bytesCache = createMemoryBytesCache(digest);
  const core = createTestCore({ bucket, bytesCache });
  for (const model of models) {
    await publish(bucket, model, fakeModel(7, 100));
    await askInShort(core, model);
    await core.clock.advance(1_000);
  }
  await core.background();
  core.story();
  const objects = new VersionObjects();
  return {
    ...core,
    objects,
    async check({ store = core.store, budgetMs = 10_000 } = {}) {
      const deps = { ...core.deps, store, objects };
      const untilMs = core.clock.now() + budgetMs;
      const loaded = core.deps.models.loaded();
      const verdicts = await checkVersionObjects(deps, core.context, loaded, untilMs);
      await core.background();
      return { verdicts, told: core.story() };
    },
    async overwrite(bytes, salt = "") {
      const store = createMemoryObjectStore({ digest, etagSalt: salt });
      await store.put(BYTES, bytes, DEADLINE);
      salted = { store };
    },
  };
}

const degradedOf = (core: TestCore) => core.deps.catalog.get("iris")?.degraded;

describe("the object under a loaded version", () => {
  it("costs one HEAD while nobody touched it", async () => {
    const core = await serving();
    expect(await core.check()).toEqual({
      verdicts: { same: 1 },
      told: ["head iris/versions/1/model.onnx"],
    });
    expect(degradedOf(core)).toBeUndefined();
  });

  it("may be uploaded again: the same bytes under another etag are taken silently, and once", async () => {
    const core = await serving();
    await core.overwrite(fakeModel(7, 100), "again-");
    expect(await core.check()).toEqual({
      verdicts: { uploaded_again: 1 },
      told: ["head iris/versions/1/model.onnx", "get iris/versions/1/model.onnx"],
    });
    expect((await core.check()).verdicts).toEqual({ same: 1 });
    expect(degradedOf(core)).toBeUndefined();
    const [loaded] = core.deps.models.loaded();
    if (loaded === undefined) throw new Error("iris is loaded");
    expect(core.objects.of(loaded).etag).toMatch(/^"again-/);
    // The next isolate is spared the same question.
    const hint = await core.deps.bytesCache?.recall("iris", "1");
    expect(hint?.etag).toBe(core.objects.of(loaded).etag);
  });

  it("may not be overwritten: refused, told once for each object, and served on", async () => {
    const core = await serving();
    await core.overwrite(fakeModel(8, 100));
    expect(await core.check()).toEqual({
      verdicts: { refused: 1 },
      told: [
        "head iris/versions/1/model.onnx",
        "get iris/versions/1/model.onnx",
        "refused iris@1: version_overwritten",
      ],
    });
    expect(degradedOf(core)).toMatchObject({
      reason: "version_overwritten",
      detail: expect.stringMatching(
        /^version 1: model\.onnx is 100 bytes with SHA-256 [0-9a-f]{64}, the manifest says 100 bytes and [0-9a-f]{64}: the object was overwritten or damaged; the loaded session is served on$/,
      ),
    });
    expect(await core.check()).toEqual({
      verdicts: { refused: 1 },
      told: ["head iris/versions/1/model.onnx"],
    });
    await core.overwrite(fakeModel(9, 100));
    expect((await core.check()).told).toContain("refused iris@1: version_overwritten");
    expect(await askInShort(core, "iris")).toBe("1 hit 7");
    expect(core.fake.released).toBe(0);
  });

  it("of another size is refused without reading it", async () => {
    const core = await serving();
    await core.overwrite(fakeModel(7, 101));
    expect((await core.check()).told).toEqual([
      "head iris/versions/1/model.onnx",
      "refused iris@1: version_overwritten",
    ]);
    expect(degradedOf(core)?.detail).toMatch(
      /is 101 bytes with ETag "[^"]+", the manifest says 100/,
    );
  });

  it("keeps the model degraded however often the pointer is confirmed, since the first time", async () => {
    const core = await serving();
    await core.overwrite(fakeModel(8, 100));
    await core.check();
    const since = degradedOf(core)?.sinceMs;
    await core.clock.advance(6_000);
    await askInShort(core, "iris");
    await core.background();
    await core.overwrite(fakeModel(9, 100));
    await core.check();
    expect(degradedOf(core)).toMatchObject({ reason: "version_overwritten", sinceMs: since });
  });

  it("ends the mark when it is put right", async () => {
    const core = await serving();
    await core.overwrite(fakeModel(8, 100));
    await core.check();
    await core.overwrite(fakeModel(7, 100), "restored-");
    expect((await core.check()).verdicts).toEqual({ uploaded_again: 1 });
    expect(degradedOf(core)).toBeUndefined();
  });

  it("ends the mark when the version leaves the isolate, and is not loaded again", async () => {
    const core = await serving();
    await core.overwrite(fakeModel(8, 100));
    await core.check();
    core.deps.models.unload("iris", "1");
    await core.deps.bytesCache?.drop((await manifestDigest(core)) ?? "");
    await core.check();
    expect(degradedOf(core)).toBeUndefined();
    expect(await askInShort(core, "iris")).toBe("model_unavailable");
    expect(core.deps.loader.broken("iris", "1")?.failure).toMatchObject({
      reason: "digest_mismatch",
      detail: expect.stringContaining("the object was overwritten or damaged"),
    });
  });

  it("that is gone is missed while an alias answers from it", async () => {
    const core = await serving();
    await core.bucket.delete(BYTES, DEADLINE);
    expect((await core.check()).told).toEqual([
      "head iris/versions/1/model.onnx",
      "refused iris@1: bytes_missing",
    ]);
    expect((await core.check()).told).toEqual(["head iris/versions/1/model.onnx"]);
    expect(degradedOf(core)).toMatchObject({ reason: "bytes_missing" });
    expect(await askInShort(core, "iris")).toBe("1 hit 7");
  });

  it("that is gone is nobody's loss when no alias answers from it", async () => {
    const core = await serving();
    await putDeployment(core.bucket, "iris", 2, { production: { "2": 100 } });
    const read = await core.bucket.get(deploymentKey("iris"), { ...DEADLINE, maxBytes: 1_000 });
    const known = core.deps.catalog.get("iris");
    if (!read.ok || known === undefined) throw new Error("both are there");
    const deployment = JSON.parse(new TextDecoder().decode(read.value.bytes));
    core.deps.catalog.set("iris", { ...known, deployment });
    await core.bucket.delete(BYTES, DEADLINE);
    expect((await core.check()).verdicts).toEqual({ gone: 1 });
    expect(degradedOf(core)).toBeUndefined();
  });

  const troubles: StoreFailure["reason"][] = ["unreachable", "denied", "throttled", "corrupt"];
  it.each(troubles)("is not judged by a store's '%s'", async (reason) => {
    const core = await serving();
    core.store.break("head iris", reason);
    expect((await core.check()).verdicts).toEqual({ unknown: 1 });
    core.store.mend();
    await core.overwrite(fakeModel(8, 100));
    core.store.break("get iris", reason);
    expect((await core.check()).verdicts).toEqual({ unknown: 1 });
    expect(degradedOf(core)).toBeUndefined();
    core.store.mend();
    expect((await core.check()).verdicts).toEqual({ refused: 1 });
  });

  it("is not judged when the version was loaded anew meanwhile", async () => {
    const core = await serving();
    await core.overwrite(fakeModel(8, 100));
    const gate = core.store.holdNext("head iris");
    const checking = core.check();
    await core.clock.advance(0);
    core.deps.models.unload("iris", "1");
    gate.open();
    expect((await checking).verdicts).toEqual({ unknown: 1 });
    expect(degradedOf(core)).toBeUndefined();
  });
});

describe("checks of many objects", () => {
  const heads = (told: readonly string[]) =>
    told.flatMap((line) => line.match(/^head (\w+)/)?.[1] ?? []);

  it("ask for five at a time, the longest unasked first, and come round", async () => {
    const core = await serving(["a", "b", "c", "d", "e", "f", "g"]);
    expect(heads((await core.check()).told)).toEqual(["a", "b", "c", "d", "e"]);
    await core.clock.advance(60_000);
    const next = heads((await core.check()).told);
    expect([next.slice(0, 2), next.length]).toEqual([["f", "g"], 5]);
  });

  it("are not held up by one that the store does not answer for", async () => {
    const core = await serving(["a", "b", "c", "d", "e", "f"]);
    core.store.break("head a", "unreachable");
    await core.check();
    await core.clock.advance(1);
    expect(heads((await core.check()).told)[0]).toBe("f");
  });

  it("begin none after their time", async () => {
    const core = await serving(["a", "b", "c"]);
    const slow: ObjectStore = {
      ...core.store,
      async head(key, options) {
        await core.clock.advance(600);
        return core.store.head(key, options);
      },
    };
    expect(heads((await core.check({ store: slow, budgetMs: 1_000 })).told)).toEqual(["a", "b"]);
    expect(heads((await core.check({ store: slow, budgetMs: 0 })).told)).toEqual([]);
  });
});

describe("a refresh by hand", () => {
  it("looks at the objects under the model's loaded versions, and answers what is wrong", async () => {
    const core = await serving();
    const refresh = () => refreshNow({ ...core.deps, objects: core.objects }, core.context, "iris");
    expect(await refresh()).toMatchObject({ ok: true, value: { changed: false } });
    await core.overwrite(fakeModel(8, 100));
    expect(await refresh()).toMatchObject({
      ok: true,
      value: { changed: false, reason: expect.stringMatching(/^version_overwritten: version 1: /) },
    });
    expect(core.story()).toContain("refused iris@1: version_overwritten");
  });
});

async function manifestDigest(core: TestCore): Promise<string | undefined> {
  return (await core.deps.bytesCache?.recall("iris", "1"))?.digest;
}
