import { describe, expect, it } from "vitest";
import { manifestKey, modelBytesKey, tombstoneKey } from "../../../src/core/model/keys.ts";
import type { ObjectStore } from "../../../src/core/ports/object-store.ts";
import { askInShort, fakeModel } from "../../support/ask.ts";
import { jsonBytes, putDeployment, putVersion } from "../../support/publish.ts";
import { createTestCore, type TestCore } from "../../support/test-core.ts";
import { textAt } from "../../support/two-buckets.ts";

const DEADLINE = { deadlineMs: 1_000 };
const BYTES = modelBytesKey("iris", "1");
const MANIFEST = manifestKey("iris", "1");

/** `iris` version 1 in both buckets. */
async function backedUp(): Promise<TestCore> {
  const core = createTestCore({ withBackup: true });
  for (const store of [core.bucket, core.backup]) {
    await putVersion(store, "iris", "1", fakeModel(7, 100));
    await putDeployment(store, "iris", 1, { production: { "1": 100 } });
  }
  core.story();
  return core;
}

/** What the first bucket got, and what was told of it. */
async function told(core: TestCore): Promise<readonly string[]> {
  await core.background();
  return core.story().filter((line) => /^(put|from backup|repaired|loaded|failed)/.test(line));
}

const sameAs = async (core: TestCore, key: string): Promise<boolean> =>
  (await textAt(core.bucket, key)) === (await textAt(core.backup, key));

describe("a version that the first bucket does not give whole", () => {
  it.each([
    [
      "bytes that are missing",
      (store: ObjectStore) => store.delete(BYTES, DEADLINE),
      "bytes_missing",
      BYTES,
      "missing",
    ],
    [
      "bytes that are damaged",
      (store: ObjectStore) => store.put(BYTES, fakeModel(8, 100), DEADLINE),
      "digest_mismatch",
      BYTES,
      "damaged",
    ],
    [
      "a manifest that is missing",
      (store: ObjectStore) => store.delete(MANIFEST, DEADLINE),
      "version_not_found",
      MANIFEST,
      "missing",
    ],
    [
      "a manifest that is damaged",
      (store: ObjectStore) => store.put(MANIFEST, jsonBytes({}), DEADLINE),
      "invalid_manifest",
      MANIFEST,
      "damaged",
    ],
  ] as const)(
    "is served from the second, and the first repaired: %s",
    async (_, damage, reason, key, why) => {
      const core = await backedUp();
      await damage(core.bucket);
      expect(await askInShort(core, "iris")).toBe("1 miss 7");
      // The repair goes on beside the load: which of them is told first says nothing.
      expect([...(await told(core))].sort()).toEqual([
        `from backup iris@1: ${reason}`,
        "loaded iris@1",
        `put ${key.replace("models/", "")}`,
        `repaired ${key} (${why})`,
      ]);
      expect(await sameAs(core, key)).toBe(true);
    },
  );

  it("is repaired bytes first when both are missing", async () => {
    const core = await backedUp();
    await core.bucket.delete(BYTES, DEADLINE);
    await core.bucket.delete(MANIFEST, DEADLINE);
    expect(await askInShort(core, "iris")).toBe("1 miss 7");
    expect((await told(core)).filter((line) => line.startsWith("repaired"))).toEqual([
      `repaired ${BYTES} (missing)`,
      `repaired ${MANIFEST} (missing)`,
    ]);
  });

  it.each([
    ["does not answer", "unreachable"],
    ["denies", "denied"],
    ["is throttled", "throttled"],
  ] as const)(
    "is served from the second when the first %s, which repairs nothing",
    async (_, reason) => {
      const core = await backedUp();
      core.store.break("iris", reason);
      expect(await askInShort(core, "iris")).toBe("1 miss 7");
      expect(await told(core)).toEqual([
        expect.stringMatching(/^from backup iris: /),
        "from backup iris@1: store_unavailable",
        "loaded iris@1",
      ]);
    },
  );

  it("repairs only the part that the first said is bad, not the one it did not answer for", async () => {
    const core = await backedUp();
    await core.bucket.delete(BYTES, DEADLINE);
    core.store.break("manifest.json", "unreachable");
    expect(await askInShort(core, "iris")).toBe("1 miss 7");
    expect((await told(core)).filter((line) => line.startsWith("put"))).toEqual([
      "put iris/versions/1/model.onnx",
    ]);
  });

  it("does not repair over what somebody wrote meanwhile", async () => {
    const core = await backedUp();
    await core.bucket.put(BYTES, fakeModel(8, 100), DEADLINE);
    const gate = core.backup.holdNext("get iris/versions/1/model.onnx");
    const asking = askInShort(core, "iris");
    await core.clock.advance(0);
    await core.bucket.put(BYTES, fakeModel(9, 100), DEADLINE);
    gate.open();
    expect(await asking).toBe("1 miss 7");
    expect((await told(core)).some((line) => line.startsWith("repaired"))).toBe(false);
    expect((await textAt(core.bucket, BYTES)).charCodeAt(0)).toBe(9);
  });

  it("gives the engine no byte of the second bucket that has another digest", async () => {
    const core = await backedUp();
    await core.bucket.delete(BYTES, DEADLINE);
    await core.backup.put(BYTES, fakeModel(8, 100), DEADLINE);
    expect(await askInShort(core, "iris")).toBe("model_unavailable");
    expect(core.fake.opened).toBe(0);
    expect(await told(core)).toEqual(["failed iris@1: bytes_missing"]);
  });

  it("holds the second's bytes to the first's manifest, when that can be read", async () => {
    const core = await backedUp();
    await core.bucket.delete(BYTES, DEADLINE);
    await putVersion(core.backup, "iris", "1", fakeModel(8, 100));
    expect(await askInShort(core, "iris")).toBe("model_unavailable");
    expect(core.fake.opened).toBe(0);
  });

  it("answers as before when the second bucket does not have it, or does not answer", async () => {
    const core = await backedUp();
    await core.bucket.delete(BYTES, DEADLINE);
    core.backup.break("iris", "unreachable");
    expect(await askInShort(core, "iris")).toBe("model_unavailable");
    expect(await askInShort(core, "iris@9")).toBe("version_not_found");
  });

  it("asks only the first while that gives it whole", async () => {
    const core = await backedUp();
    await askInShort(core, "iris");
    expect(core.story().filter((line) => line.startsWith("backup"))).toEqual([]);
  });
});

describe("a version that was deleted", () => {
  const refusal = async (core: TestCore) => {
    const answer = await askInShort(core, "iris@1");
    await core.background();
    return [answer, await textAt(core.bucket, MANIFEST), core.fake.opened];
  };
  const REFUSED = ["version_not_found", "absent", 0];

  async function withoutManifest(): Promise<TestCore> {
    const core = await backedUp();
    await core.bucket.delete(MANIFEST, DEADLINE);
    return core;
  }

  it.each(["first", "second"])(
    "is not brought back from the backup: a tombstone in the %s bucket",
    async (which) => {
      const core = await withoutManifest();
      const store = which === "first" ? core.bucket : core.backup;
      await store.put(tombstoneKey("iris", "1"), jsonBytes({}), DEADLINE);
      expect(await refusal(core)).toEqual(REFUSED);
    },
  );

  it("is not brought back while its deletion is under way: the pointer says so", async () => {
    const core = await withoutManifest();
    const pointer = { model: "iris", rev: 2, aliases: {}, deleted: ["1"] };
    await core.bucket.put("models/iris/deployment.json", jsonBytes(pointer), DEADLINE);
    expect(await refusal(core)).toEqual(REFUSED);
  });

  it("is not brought back by the backup's pointer when the first has none", async () => {
    const core = await withoutManifest();
    const pointer = { model: "iris", rev: 2, aliases: {}, deleted: ["1"] };
    await core.bucket.delete("models/iris/deployment.json", DEADLINE);
    await core.backup.put("models/iris/deployment.json", jsonBytes(pointer), DEADLINE);
    expect(await refusal(core)).toEqual(REFUSED);
  });

  it("is not brought back when the first bucket does not say whether it was", async () => {
    const core = await withoutManifest();
    core.store.break("tombstone.json", "unreachable");
    expect(await refusal(core)).toEqual(REFUSED);
  });
});

describe("a model whose pointer the first bucket does not give", () => {
  const POINTER = "models/iris/deployment.json";

  it.each([
    ["is missing", (core: TestCore) => core.bucket.delete(POINTER, DEADLINE), "pointer_missing"],
    [
      "is damaged",
      (core: TestCore) => core.bucket.put(POINTER, jsonBytes([]), DEADLINE),
      "invalid_document",
    ],
    [
      "is not answered",
      async (core: TestCore) => core.store.break("deployment.json", "unreachable"),
      "unreachable",
    ],
  ] as const)(
    "is served by the backup's, marked degraded, and not written back: it %s",
    async (_, damage, reason) => {
      const core = await backedUp();
      await damage(core);
      expect(await askInShort(core, "iris")).toBe("1 miss 7");
      expect(core.deps.catalog.get("iris")?.degraded).toMatchObject({ reason });
      await core.background();
      expect(core.story().filter((line) => line.startsWith("put"))).toEqual([]);
    },
  );

  it("is found by nobody when the backup does not have it either", async () => {
    const core = await backedUp();
    expect(await askInShort(core, "tulip")).toBe("model_not_found");
  });

  it("goes on with what it knows when the pointer is lost while it serves", async () => {
    const core = await backedUp();
    await askInShort(core, "iris");
    await core.bucket.delete(POINTER, DEADLINE);
    await core.clock.advance(6_000);
    await askInShort(core, "iris");
    await core.background();
    expect(core.deps.catalog.get("iris")?.degraded).toMatchObject({ reason: "pointer_missing" });
    expect(await askInShort(core, "iris")).toBe("1 hit 7");
  });

  it("is no longer degraded once the first has it again", async () => {
    const core = await backedUp();
    await core.bucket.delete(POINTER, DEADLINE);
    await askInShort(core, "iris");
    await putDeployment(core.bucket, "iris", 1, { production: { "1": 100 } });
    await core.clock.advance(6_000);
    await askInShort(core, "iris");
    await core.background();
    expect(core.deps.catalog.get("iris")?.degraded).toBeUndefined();
  });
});
