import { describe, expect, it } from "vitest";
import { readHistory } from "../../../src/core/lifecycle/pointer/read-history.ts";
import { deleteVersion } from "../../../src/core/lifecycle/versions/delete-version.ts";
import { deploymentKey, manifestKey, modelBytesKey } from "../../../src/core/model/keys.ts";
import { must } from "../../support/must.ts";
import { jsonBytes, putDeployment, putVersion } from "../../support/publish.ts";
import {
  bytesOf,
  contentOf,
  createBackedUp,
  createTwoBuckets,
  emptyBucket,
  textAt,
} from "../../support/two-buckets.ts";

const DEADLINE = { deadlineMs: 1_000 };

describe("restoring", () => {
  it("brings the whole registry back into an empty bucket, byte for byte", async () => {
    const buckets = await createBackedUp();
    const before = await contentOf(buckets.bucket);
    await emptyBucket(buckets.bucket);
    const report = must(await buckets.restore());
    expect(report).toMatchObject({ failures: 0, done: true, unchanged: 0 });
    expect(report.pointers).toEqual({ iris: "restored", wine: "restored" });
    expect(await contentOf(buckets.bucket)).toEqual(before);
  });

  it("writes a pointer after every version that it names", async () => {
    const buckets = await createBackedUp();
    await emptyBucket(buckets.bucket);
    buckets.calls();
    must(await buckets.restore());
    const written = buckets.calls().flatMap((line) => line.match(/^first put (iris.*)/)?.[1] ?? []);
    expect(written.slice(0, 2)).toEqual([
      "iris/versions/1/model.onnx",
      "iris/versions/1/manifest.json",
    ]);
    expect(written.at(-1)).toBe("iris/deployment.json");
  });

  it("changes nothing where nothing is lost", async () => {
    const buckets = await createBackedUp();
    const before = await contentOf(buckets.bucket);
    const report = must(await buckets.restore());
    expect(report).toMatchObject({ restored: 0, failures: 0, pointers: { iris: "kept" } });
    expect(await contentOf(buckets.bucket)).toEqual(before);
  });

  it("brings back no version that was deleted, though the backup has its bytes", async () => {
    const buckets = createTwoBuckets();
    await putVersion(buckets.bucket, "iris", "1", bytesOf("iris", "1"));
    await putVersion(buckets.bucket, "iris", "2", bytesOf("iris", "2"));
    await putDeployment(buckets.bucket, "iris", 1, { production: { "1": 100 } });
    await buckets.run();
    await deleteVersion({ ...buckets.deps, store: buckets.bucket }, "iris", "2", { actor: "t" });
    expect(await buckets.restore({ model: "iris", version: "2" })).toMatchObject({
      failure: { reason: "version_deleted" },
    });
    must(await buckets.restore());
    expect(await textAt(buckets.bucket, manifestKey("iris", "2"))).toBe("absent");
    await buckets.run();
    await emptyBucket(buckets.bucket);
    must(await buckets.restore());
    expect(await textAt(buckets.bucket, modelBytesKey("iris", "2"))).toBe("absent");
    expect(await textAt(buckets.bucket, "models/iris/versions/2/tombstone.json")).toContain(
      "actor",
    );
  });

  it("restores one model and leaves the others", async () => {
    const buckets = await createBackedUp();
    await emptyBucket(buckets.bucket);
    must(await buckets.restore({ model: "wine" }));
    const keys = Object.keys(await contentOf(buckets.bucket));
    expect(keys.length).toBeGreaterThan(3);
    expect(keys.every((key) => key.startsWith("models/wine/"))).toBe(true);
  });

  it("restores one version with its notes; a pointer that names others waits", async () => {
    const buckets = await createBackedUp();
    await emptyBucket(buckets.bucket);
    const report = must(await buckets.restore({ model: "iris", version: "1" }));
    expect(report).toMatchObject({ failures: 0, pointers: { iris: "kept" } });
    expect(Object.keys(await contentOf(buckets.bucket))).toEqual([
      "models/iris/versions/1/manifest.json",
      "models/iris/versions/1/model.onnx",
      "models/iris/versions/1/notes.json",
    ]);
  });

  it("replaces damaged bytes of the one version that is asked for", async () => {
    const buckets = await createBackedUp();
    await buckets.bucket.put(modelBytesKey("iris", "1"), bytesOf("iris", "X"), DEADLINE);
    must(await buckets.restore());
    expect(await textAt(buckets.bucket, modelBytesKey("iris", "1"))).toBe("iris X");
    must(await buckets.restore({ model: "iris", version: "1" }));
    expect(await textAt(buckets.bucket, modelBytesKey("iris", "1"))).toBe("iris 1");
  });

  it("puts no manifest over bytes that another publisher has put under the number", async () => {
    const buckets = await createBackedUp();
    await emptyBucket(buckets.bucket);
    await buckets.bucket.put(modelBytesKey("wine", "1"), bytesOf("other", "1"), DEADLINE);
    const report = must(await buckets.restore({ model: "wine" }));
    expect(report.failed).toEqual([
      { key: modelBytesKey("wine", "1"), reason: "differs" },
      { key: deploymentKey("wine"), reason: "version_not_restored" },
    ]);
    expect(await textAt(buckets.bucket, manifestKey("wine", "1"))).toBe("absent");
    expect(await textAt(buckets.bucket, modelBytesKey("wine", "1"))).toBe("other 1");
  });

  it("restores no bytes that were damaged in the backup", async () => {
    const buckets = await createBackedUp();
    await emptyBucket(buckets.bucket);
    await buckets.backupBucket.put(modelBytesKey("wine", "1"), bytesOf("wine", "X"), DEADLINE);
    const report = must(await buckets.restore({ model: "wine" }));
    expect(report.failed[0]).toEqual({
      key: modelBytesKey("wine", "1"),
      reason: "backup_digest_mismatch",
    });
    expect(await textAt(buckets.bucket, manifestKey("wine", "1"))).toBe("absent");
  });

  it("gives a lost pointer a revision of its own when the history goes on past the backup", async () => {
    const buckets = await createBackedUp();
    await buckets.bucket.put(
      "models/wine/history/0000000009.json",
      jsonBytes({ rev: 9 }),
      DEADLINE,
    );
    await buckets.bucket.delete(deploymentKey("wine"), DEADLINE);
    expect(must(await buckets.restore({ model: "wine" }))).toMatchObject({
      pointers: { wine: "restored" },
    });
    expect(await textAt(buckets.bucket, deploymentKey("wine"))).toContain('"rev": 10');
  });

  it("leaves a pointer that exists, and moves it when asked to, as a move in the history", async () => {
    const buckets = await createBackedUp();
    await putDeployment(buckets.bucket, "iris", 8, { production: { "2": 100 } });
    expect(must(await buckets.restore())).toMatchObject({ pointers: { iris: "kept" } });
    expect(await textAt(buckets.bucket, deploymentKey("iris"))).toContain('"rev":8');
    const report = must(await buckets.restore({ model: "iris", overwritePointer: true }));
    expect(report.pointers).toEqual({ iris: "moved" });
    const history = await readHistory(buckets.bucket, "iris", { limit: 2 });
    expect(history).toMatchObject({
      ok: true,
      value: { items: [{ rev: 9, action: "replace", actor: "test" }, { rev: 8 }] },
    });
  });

  it("replaces a pointer that nobody can read, when asked to", async () => {
    const buckets = await createBackedUp();
    await buckets.bucket.put(deploymentKey("wine"), jsonBytes("nonsense"), DEADLINE);
    must(await buckets.restore({ model: "wine", overwritePointer: true }));
    expect(await textAt(buckets.bucket, deploymentKey("wine"))).toBe(
      await textAt(buckets.backupBucket, deploymentKey("wine")),
    );
  });

  it.each([
    ["a model", { model: "tulip" }, "model_not_found"],
    ["a version", { model: "wine", version: "9" }, "version_not_found"],
  ])("says that the backup does not have %s", async (_, request, reason) => {
    const buckets = await createBackedUp();
    expect(await buckets.restore(request)).toMatchObject({ failure: { reason } });
  });

  it("says so when a bucket does not answer", async () => {
    const buckets = await createBackedUp();
    buckets.backup.break("list", "unreachable");
    expect(await buckets.restore()).toMatchObject({ failure: { reason: "store_unavailable" } });
  });

  it("stops when its time is up, and the same call again goes on", async () => {
    const buckets = await createBackedUp();
    const before = await contentOf(buckets.bucket);
    await emptyBucket(buckets.bucket);
    const tick = buckets.clock;
    const { get } = buckets.backup;
    buckets.backup.get = async (key, options) => {
      await tick.advance(1_000);
      return get(key, options);
    };
    let calls = 0;
    for (let done = false; !done && calls < 30; calls += 1) {
      done = must(await buckets.restore({ budgetMs: 8_000 })).done;
    }
    expect(calls).toBeGreaterThan(1);
    expect(await contentOf(buckets.bucket)).toEqual(before);
  });
});
