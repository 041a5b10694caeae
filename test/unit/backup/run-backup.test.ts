import { describe, expect, it } from "vitest";
import { readBackupReport } from "../../../src/core/lifecycle/backup/report.ts";
import { runBackup } from "../../../src/core/lifecycle/backup/run-backup.ts";
import { deleteVersion } from "../../../src/core/lifecycle/versions/delete-version.ts";
import { deploymentKey, manifestKey, modelBytesKey } from "../../../src/core/model/keys.ts";
import { jsonBytes, putDeployment, putVersion } from "../../support/publish.ts";
import {
  bytesOf,
  contentOf,
  createBackedUp,
  createTwoBuckets,
  fillRegistry,
  textAt,
} from "../../support/two-buckets.ts";

const DEADLINE = { deadlineMs: 1_000 };

const writes = (calls: readonly string[]) =>
  calls.flatMap((line) => line.match(/^second put (.*)/)?.[1] ?? []);

describe("a backup", () => {
  it("copies the whole registry byte for byte, and nothing that is passing", async () => {
    const buckets = createTwoBuckets();
    await fillRegistry(buckets);
    const report = await buckets.run();
    expect(report).toMatchObject({ unchanged: 0, failures: 0, failed: [], done: true });
    const copied = await contentOf(buckets.backupBucket);
    expect(copied).toEqual(await contentOf(buckets.bucket));
    expect(report.copied).toBe(Object.keys(copied).length);
    const bytes = Object.values(copied).reduce((sum, { length }) => sum + length, 0);
    expect(report.bytes).toBe(bytes);
    const page = await buckets.backupBucket.list("models/iris/uploads/", DEADLINE);
    expect(page).toMatchObject({ ok: true, value: { objects: [] } });
  });

  it("writes of each model bytes, then manifest, and the pointer after all else", async () => {
    const buckets = createTwoBuckets();
    await fillRegistry(buckets);
    await buckets.run();
    const iris = writes(buckets.calls()).filter((key) => key.startsWith("iris/"));
    expect(iris.slice(0, 4)).toEqual([
      "iris/versions/1/model.onnx",
      "iris/versions/1/manifest.json",
      "iris/versions/2/model.onnx",
      "iris/versions/2/manifest.json",
    ]);
    expect(iris.at(-1)).toBe("iris/deployment.json");
  });

  it.each([
    ["whose etags agree", false],
    ["whose etags differ", true],
  ])(
    "of an unchanged registry lists both buckets and reads nothing of it, with stores %s",
    async (_, etagsDiffer) => {
      const buckets = await createBackedUp({ etagsDiffer });
      const report = await buckets.run();
      expect(report).toMatchObject({ copied: 0, bytes: 0, failures: 0, done: true });
      expect(report.unchanged).toBe(Object.keys(await contentOf(buckets.backupBucket)).length);
      const calls = buckets.calls().filter((line) => !/^(first|second) list/.test(line));
      const ownState = etagsDiffer
        ? /^first (get|put) backup\//
        : /^first (get|put) backup\/status/;
      expect(calls.filter((line) => !ownState.test(line))).toEqual([]);
    },
  );

  it.each([false, true])(
    "copies what is new and what changed, and no more (etags differ: %s)",
    async (etagsDiffer) => {
      const buckets = await createBackedUp({ etagsDiffer });
      await putVersion(buckets.bucket, "iris", "4", bytesOf("iris", "4"));
      await buckets.bucket.put(
        "models/iris/versions/1/notes.json",
        jsonBytes({ tags: {} }),
        DEADLINE,
      );
      await putDeployment(buckets.bucket, "iris", 5, { production: { "4": 100 } });
      expect(await buckets.run()).toMatchObject({ copied: 4, failures: 0 });
      expect(writes(buckets.calls())).toEqual([
        "iris/versions/4/model.onnx",
        "iris/versions/4/manifest.json",
        "iris/versions/1/notes.json",
        "iris/deployment.json",
      ]);
    },
  );

  it("keeps the bytes of a version that is deleted, and takes its tombstone", async () => {
    const buckets = await createBackedUp();
    await putDeployment(buckets.bucket, "iris", 3, { production: { "1": 100 } });
    const deleted = await deleteVersion({ ...buckets.deps, store: buckets.bucket }, "iris", "2", {
      actor: "t",
    });
    expect(deleted).toEqual({ ok: true, value: undefined });
    await buckets.run();
    expect(await textAt(buckets.backupBucket, modelBytesKey("iris", "2"))).toBe("iris 2");
    expect(await textAt(buckets.backupBucket, manifestKey("iris", "2"))).toContain('"version":"2"');
    const tombstone = "models/iris/versions/2/tombstone.json";
    expect(await textAt(buckets.backupBucket, tombstone)).toContain('"actor"');
  });

  it("takes no bytes whose digest is not the manifest's, nor a pointer to them", async () => {
    const buckets = createTwoBuckets();
    await fillRegistry(buckets);
    await buckets.bucket.put(modelBytesKey("iris", "2"), bytesOf("iris", "X"), DEADLINE);
    const report = await buckets.run();
    expect(report.failed).toEqual([
      { key: modelBytesKey("iris", "2"), reason: "digest_mismatch" },
      { key: deploymentKey("iris"), reason: "version_not_backed_up" },
    ]);
    expect(await textAt(buckets.backupBucket, manifestKey("iris", "2"))).toBe("absent");
    expect(await textAt(buckets.backupBucket, deploymentKey("iris"))).toBe("absent");
    expect(await textAt(buckets.backupBucket, deploymentKey("wine"))).toContain("wine");
  });

  it("does not let damage in the first bucket reach a good copy", async () => {
    const buckets = await createBackedUp();
    await buckets.bucket.put(modelBytesKey("iris", "1"), bytesOf("iris", "X"), DEADLINE);
    await buckets.bucket.put(manifestKey("wine", "1"), jsonBytes({ not: "it" }), DEADLINE);
    await buckets.bucket.put(deploymentKey("iris"), jsonBytes({ not: "it" }), DEADLINE);
    const before = await contentOf(buckets.backupBucket);
    const { failed } = await buckets.run();
    expect(failed.map(({ key, reason }) => `${reason} ${key}`).sort()).toEqual([
      "differs models/wine/versions/1/manifest.json",
      "digest_mismatch models/iris/versions/1/model.onnx",
      "invalid_document models/iris/deployment.json",
    ]);
    expect(await contentOf(buckets.backupBucket)).toEqual(before);
  });

  it("keeps the only good copy when bytes and manifest were both overwritten in the first bucket", async () => {
    const buckets = await createBackedUp();
    const before = await contentOf(buckets.backupBucket);
    await putVersion(buckets.bucket, "iris", "1", bytesOf("iris", "X"));
    const report = await buckets.run();
    expect(report.failed.map(({ key, reason }) => `${key} ${reason}`)).toContain(
      `${modelBytesKey("iris", "1")} differs`,
    );
    expect(await contentOf(buckets.backupBucket)).toEqual(before);
  });

  it("mends a copy that was damaged in the backup", async () => {
    const buckets = await createBackedUp();
    await buckets.backupBucket.put(modelBytesKey("iris", "1"), bytesOf("iris", "X"), DEADLINE);
    expect(await buckets.run()).toMatchObject({ copied: 1, failures: 0 });
    expect(await textAt(buckets.backupBucket, modelBytesKey("iris", "1"))).toBe("iris 1");
  });

  it("takes no pointer of a lower revision than it has: the first bucket was begun anew", async () => {
    const buckets = await createBackedUp();
    await putDeployment(buckets.bucket, "wine", 7, { production: { "1": 100 } });
    await buckets.run();
    await putDeployment(buckets.bucket, "wine", 1, { production: { "1": 100 } });
    const { failed } = await buckets.run();
    expect(failed).toEqual([{ key: deploymentKey("wine"), reason: "behind_backup" }]);
    expect(await textAt(buckets.backupBucket, deploymentKey("wine"))).toContain('"rev":7');
  });

  it("says what the first bucket has lost, and keeps it", async () => {
    const buckets = await createBackedUp();
    await buckets.bucket.delete(deploymentKey("wine"), DEADLINE);
    const { failed } = await buckets.run();
    expect(failed).toEqual([{ key: deploymentKey("wine"), reason: "absent" }]);
    expect(await textAt(buckets.backupBucket, deploymentKey("wine"))).toContain("wine");
  });

  it("leaves a version alone whose publish is under way", async () => {
    const buckets = await createBackedUp();
    await buckets.bucket.put(modelBytesKey("iris", "9"), bytesOf("iris", "9"), DEADLINE);
    expect(await buckets.run()).toMatchObject({ copied: 0, failures: 0 });
    expect(await textAt(buckets.backupBucket, modelBytesKey("iris", "9"))).toBe("absent");
  });

  it.each(["first", "second"])("says so when the %s bucket cannot be listed", async (which) => {
    const buckets = await createBackedUp();
    (which === "first" ? buckets.store : buckets.backup).break("list", "unreachable");
    const report = await buckets.run();
    expect(report).toMatchObject({ done: false, failures: 1, failed: [{ reason: "unreachable" }] });
  });

  it("goes on past an object that the backup does not take, and takes it next time", async () => {
    const buckets = createTwoBuckets();
    await fillRegistry(buckets);
    buckets.backup.break("put iris/versions/1/model.onnx", "throttled");
    const { failed } = await buckets.run();
    expect(failed[0]).toEqual({ key: modelBytesKey("iris", "1"), reason: "backup_throttled" });
    buckets.backup.mend();
    expect(await buckets.run()).toMatchObject({ failures: 0, done: true });
    expect(await contentOf(buckets.backupBucket)).toEqual(await contentOf(buckets.bucket));
  });

  it("stops when its time is up and goes on there, past what cannot be copied", async () => {
    const buckets = createTwoBuckets();
    await fillRegistry(buckets);
    await buckets.bucket.put(modelBytesKey("iris", "1"), bytesOf("iris", "X"), DEADLINE);
    const seconds = async () => {
      // Each write of the backup takes a second of a budget of two.
      const { put } = buckets.backup;
      const slow = {
        ...buckets.deps,
        backup: {
          ...buckets.backup,
          put: async (...args: Parameters<typeof put>) => {
            await buckets.clock.advance(1_000);
            return put(...args);
          },
        },
      };
      return runBackup(slow, { budgetMs: 2_000 });
    };
    const first = await seconds();
    expect(first).toMatchObject({ done: false, cursor: expect.stringMatching(/\/$/) });
    expect(await readBackupReport(buckets.bucket)).toEqual({ ok: true, value: first });
    let last = first;
    for (let runs = 0; runs < 20 && !last.done; runs += 1) last = await seconds();
    expect(last).toMatchObject({ done: true });
    expect(last.cursor).toBeUndefined();
    expect(await textAt(buckets.backupBucket, deploymentKey("wine"))).toContain("wine");
  });

  it("wraps round to what comes before the place where it went on, and sees nothing twice", async () => {
    const buckets = await createBackedUp();
    const report = await buckets.run();
    const cursor = "models/wine/";
    const stopped = { ...report, done: false, cursor };
    await buckets.bucket.put("backup/status.json", jsonBytes(stopped), DEADLINE);
    await putVersion(buckets.bucket, "iris", "4", bytesOf("iris", "4"));
    const wrapped = await buckets.run();
    expect(wrapped).toMatchObject({ copied: 2, unchanged: report.unchanged, done: true });
    expect(await textAt(buckets.backupBucket, modelBytesKey("iris", "4"))).toBe("iris 4");
  });

  it("sees a change that left the size as it was, between stores whose etags differ", async () => {
    const buckets = await createBackedUp({ etagsDiffer: true });
    const notes = "models/iris/versions/1/notes.json";
    await buckets.bucket.put(notes, jsonBytes({ tags: { a: "c" } }), DEADLINE);
    expect(await buckets.run()).toMatchObject({ copied: 1, failures: 0 });
    expect(await textAt(buckets.backupBucket, notes)).toContain('"c"');
  });

  it("is told of in one event", async () => {
    const buckets = await createBackedUp();
    expect(buckets.events.map(({ kind }) => kind)).toEqual(["backup_ran"]);
  });
});
