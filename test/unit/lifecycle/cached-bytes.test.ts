import { describe, expect, it } from "vitest";
import { createNodeDigest } from "../../../infra/local/node-digest.ts";
import { createMemoryBytesCache } from "../../../src/adapters/memory/bytes-cache.ts";
import { sha256Of } from "../../../src/core/lifecycle/hash-bytes.ts";
import { manifestKey, modelBytesKey, tombstoneKey } from "../../../src/core/model/keys.ts";
import type { BytesCache } from "../../../src/core/ports/bytes-cache.ts";
import { askInShort, fakeModel } from "../../support/ask.ts";
import { jsonBytes, publish, putDeployment, putVersion } from "../../support/publish.ts";
import { createTestCore, type TestCore, type TestCoreOptions } from "../../support/test-core.ts";

const DEADLINE = { deadlineMs: 1_000 };
const BYTES = modelBytesKey("iris", "1");
const digest = createNodeDigest();

const MANIFEST_READ = "get iris/versions/1/manifest.json";
const BYTES_READ = "get iris/versions/1/model.onnx";

/** An isolate that has served `iris` and so filled the cache, which the next one is given. */
async function afterAnother(
  options: TestCoreOptions = {},
): Promise<TestCore & { readonly cache: BytesCache }> {
  const cache = createMemoryBytesCache(digest);
  const first = createTestCore({ ...options, bytesCache: cache });
  await publish(first.bucket, "iris", fakeModel(7, 100));
  await askInShort(first, "iris");
  await first.background();
  const next = createTestCore({ ...options, bytesCache: cache, bucket: first.bucket });
  return { ...next, cache };
}

const reads = (core: TestCore): readonly string[] =>
  core.story().filter((line) => /versions|loaded|open|dropped|failed/.test(line));

describe("bytes between isolate and store", () => {
  it("are kept in the background of the load that fetched them, bytes before hint", async () => {
    const told: string[] = [];
    const inner = createMemoryBytesCache(digest);
    const bytesCache: BytesCache = {
      ...inner,
      put: (...given) => Promise.resolve(told.push("put")).then(() => inner.put(...given)),
      remember: (...given) => {
        told.push(`remember, ${inner.counts().stored} stored`);
        return inner.remember(...given);
      },
    };
    const core = createTestCore({ bytesCache });
    await publish(core.bucket, "iris", fakeModel(7, 100));
    expect(await askInShort(core, "iris")).toBe("1 miss 7");
    await core.background();
    expect(told).toEqual(["put", "remember, 1 stored"]);
  });

  it("never hold up a load that fills the cache", async () => {
    const bytesCache = {
      ...createMemoryBytesCache(digest),
      put: () => new Promise<void>(() => {}),
    };
    const core = createTestCore({ bytesCache });
    await publish(core.bucket, "iris", fakeModel(7, 100));
    expect(await askInShort(core, "iris")).toBe("1 miss 7");
  });

  it("come from the cache in the next isolate: the store is asked for the manifest alone", async () => {
    const core = await afterAnother();
    expect(await askInShort(core, "iris")).toBe("1 miss 7");
    expect(reads(core)).toEqual([MANIFEST_READ, "open 7", "loaded iris@1 from the cache"]);
    expect(core.cache.counts()).toMatchObject({ hits: 1, stored: 1 });
  });

  it.each([
    ["by the Worker's setting", true, {}, [MANIFEST_READ, BYTES_READ]],
    ["by the deployment", false, { force_reload: true }, [MANIFEST_READ, BYTES_READ]],
    [
      "by neither, where the deployment takes it back",
      true,
      { force_reload: false },
      [MANIFEST_READ],
    ],
  ])("are fetched past the cache %s", async (_, forceReload, policy, wanted) => {
    const core = await afterAnother({ forceReload });
    // The first isolate may have been told not to fill it.
    const filling = createTestCore({ bytesCache: core.cache, bucket: core.bucket });
    await askInShort(filling, "iris");
    await filling.background();
    await putDeployment(core.bucket, "iris", 2, { production: { "1": 100 } }, { policy });
    expect(await askInShort(core, "iris")).toBe("1 miss 7");
    expect(reads(core).filter((line) => line.startsWith("get"))).toEqual(wanted);
    expect(core.deps.loader.forcesReload("iris")).toBe(wanted.length === 2);
  });

  it("carry the store's validator with them", async () => {
    const core = await afterAnother();
    await askInShort(core, "iris");
    const head = await core.bucket.head(BYTES, DEADLINE);
    expect(core.deps.models.peek("iris", "1")?.etag).toBe(head.ok && head.value.etag);
  });

  it("are not waited for: a miss asks the store while the manifest is still on its way", async () => {
    const core = createTestCore({ bytesCache: createMemoryBytesCache(digest) });
    await publish(core.bucket, "iris", fakeModel(7, 100));
    const gate = core.store.holdNext("manifest.json");
    const asking = askInShort(core, "iris");
    await core.clock.advance(0);
    expect(core.story()).toContain(BYTES_READ);
    gate.open();
    expect(await asking).toBe("1 miss 7");
  });

  it("that were damaged there are dropped, told of, and fetched anew: the engine sees none of them", async () => {
    const core = await afterAnother();
    const sha256 = await sha256Of(digest, fakeModel(7, 100));
    await core.cache.put(sha256, fakeModel(8, 100));
    expect(await askInShort(core, "iris")).toBe("1 miss 7");
    expect(reads(core)).toEqual([
      MANIFEST_READ,
      "dropped iris@1",
      BYTES_READ,
      "open 7",
      "loaded iris@1",
    ]);
    await core.background();
    expect((await core.cache.get({ digest: sha256, sizeBytes: 100 }))?.sha256).toBe(sha256);
  });

  it("that are whole but not the manifest's give way to the store's", async () => {
    const core = await afterAnother();
    const other = fakeModel(8, 100);
    const wrong = await sha256Of(digest, other);
    await core.cache.put(wrong, other);
    await core.cache.remember("iris", "1", { digest: wrong, etag: '"x"', sizeBytes: 100 });
    expect(await askInShort(core, "iris")).toBe("1 miss 7");
    expect(reads(core)).toEqual([MANIFEST_READ, BYTES_READ, "open 7", "loaded iris@1"]);
    await core.background();
    const right = await sha256Of(digest, fakeModel(7, 100));
    expect(await core.cache.recall("iris", "1")).toMatchObject({ digest: right });
  });

  it("that the cache has forgotten come from the store", async () => {
    const core = await afterAnother();
    await core.cache.drop(await sha256Of(digest, fakeModel(7, 100)));
    expect(await askInShort(core, "iris")).toBe("1 miss 7");
    expect(reads(core)).toContain(BYTES_READ);
  });

  it("are not read when the hint says that they do not fit into the engine", async () => {
    const core = await afterAnother();
    const hint = { digest: "0".repeat(64), etag: '"x"', sizeBytes: Number.MAX_SAFE_INTEGER };
    await core.cache.remember("iris", "1", hint);
    expect(await askInShort(core, "iris")).toBe("1 miss 7");
    expect(core.cache.counts()).toMatchObject({ hits: 0 });
  });

  it("are of no use without the manifest: a store that is down is never gone round", async () => {
    const core = await afterAnother();
    core.store.break("versions", "unreachable");
    expect(await askInShort(core, "iris@1")).toBe("store_unavailable");
    expect(core.fake.opened).toBe(0);
  });

  it("do not bring back a version that was deleted", async () => {
    const core = await afterAnother({ withBackup: true });
    await putVersion(core.backup, "iris", "1", fakeModel(7, 100));
    await core.bucket.delete(manifestKey("iris", "1"), DEADLINE);
    await core.bucket.put(tombstoneKey("iris", "1"), jsonBytes({}), DEADLINE);
    expect(await askInShort(core, "iris@1")).toBe("version_not_found");
    expect(core.fake.opened).toBe(0);
  });

  it("serve with the backup's manifest while the first store is down", async () => {
    const core = await afterAnother({ withBackup: true });
    await putVersion(core.backup, "iris", "1", fakeModel(7, 100));
    await putDeployment(core.backup, "iris", 1, { production: { "1": 100 } });
    core.story();
    core.store.break("iris", "unreachable");
    expect(await askInShort(core, "iris")).toBe("1 miss 7");
    const story = core.story();
    expect(story).toContain("backup get iris/versions/1/manifest.json");
    expect(story).toContain("loaded iris@1 from the cache");
    expect(story).not.toContain("backup get iris/versions/1/model.onnx");
  });
});
