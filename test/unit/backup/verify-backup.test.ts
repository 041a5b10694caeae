import { describe, expect, it } from "vitest";
import { verifyBackup } from "../../../src/core/lifecycle/backup/verify-backup.ts";
import { modelBytesKey } from "../../../src/core/model/keys.ts";
import { jsonBytes, putVersion } from "../../support/publish.ts";
import { bytesOf, createBackedUp, type TwoBuckets } from "../../support/two-buckets.ts";

const DEADLINE = { deadlineMs: 1_000 };

const verify = ({ deps }: TwoBuckets, options = {}) =>
  verifyBackup(deps, { budgetMs: 60_000, ...options });

describe("verifying a backup", () => {
  it("reads every version again and finds each whole", async () => {
    const buckets = await createBackedUp();
    expect(await verify(buckets)).toEqual({
      ok: true,
      value: { verified: 3, bytes: 18, failed: [], missing: [], done: true },
    });
  });

  it("names what is damaged, what has no bytes, and what cannot be read", async () => {
    const buckets = await createBackedUp();
    await buckets.backupBucket.put(modelBytesKey("iris", "1"), bytesOf("iris", "X"), DEADLINE);
    await buckets.backupBucket.delete(modelBytesKey("iris", "2"), DEADLINE);
    await buckets.backupBucket.put("models/wine/versions/1/manifest.json", jsonBytes({}), DEADLINE);
    expect(await verify(buckets)).toMatchObject({
      ok: true,
      value: {
        verified: 0,
        failed: [
          { model: "iris", version: "1", reason: "digest_mismatch" },
          { model: "iris", version: "2", reason: "bytes_missing" },
          { model: "wine", version: "1", reason: "invalid_manifest" },
        ],
      },
    });
  });

  it("does not call damaged what merely does not answer", async () => {
    const buckets = await createBackedUp();
    buckets.backup.break("get wine/versions/1/model.onnx", "unreachable");
    expect(await verify(buckets)).toMatchObject({
      ok: true,
      value: { failed: [{ model: "wine", version: "1", reason: "unreachable" }] },
    });
  });

  it("names versions that the backup lacks, a whole model among them, and no deleted ones", async () => {
    const buckets = await createBackedUp();
    await putVersion(buckets.bucket, "iris", "4", bytesOf("iris", "4"));
    await putVersion(buckets.bucket, "zinnia", "1", bytesOf("zinnia", "1"));
    expect(await verify(buckets)).toMatchObject({
      ok: true,
      value: {
        verified: 3,
        missing: [
          { model: "iris", version: "4" },
          { model: "zinnia", version: "1" },
        ],
      },
    });
  });

  it("stops when its time is up and goes on where it is told to", async () => {
    const buckets = await createBackedUp();
    const first = await verify(buckets, { budgetMs: 0 });
    expect(first).toMatchObject({ ok: true, value: { done: false, next: "models/iris/" } });
    const second = await verify(buckets, { budgetMs: 0, from: "models/iris/" });
    expect(second).toMatchObject({ ok: true, value: { verified: 2, next: "models/wine/" } });
    const third = await verify(buckets, { budgetMs: 0, from: "models/wine/" });
    expect(third).toMatchObject({ ok: true, value: { verified: 1, done: true } });
  });

  it("says so when a bucket cannot be listed", async () => {
    const buckets = await createBackedUp();
    buckets.backup.break("list", "denied");
    expect(await verify(buckets)).toMatchObject({ failure: { reason: "store_unavailable" } });
  });
});
