import { describe, expect, it } from "vitest";
import { restore } from "../../../src/core/lifecycle/backup/restore.ts";
import { runBackup } from "../../../src/core/lifecycle/backup/run-backup.ts";
import type { ObjectStore } from "../../../src/core/ports/object-store.ts";
import {
  contentOf,
  createBackedUp,
  createTwoBuckets,
  dyingStore,
  emptyBucket,
  fillRegistry,
  type TwoBuckets,
} from "../../support/two-buckets.ts";

const BUDGET = { budgetMs: 60_000 };

/** Both buckets of a process that dies once `writes` of its writes are done. */
function dying({ deps }: TwoBuckets, writes: number) {
  const life = { left: writes };
  const counted = (store: ObjectStore): ObjectStore => {
    const dead = dyingStore(store, () => life.left <= 0);
    return {
      ...dead,
      async put(key, bytes, options) {
        const written = await dead.put(key, bytes, options);
        life.left -= 1;
        return written;
      },
    };
  };
  return { ...deps, store: counted(deps.store), backup: counted(deps.backup) };
}

/** Whether every pointer's versions are there, and every manifest's bytes. */
async function isSound(store: ObjectStore): Promise<boolean> {
  const content = await contentOf(store);
  return Object.entries(content).every(([key, text]) => {
    if (key.endsWith("/manifest.json"))
      return key.replace("manifest.json", "model.onnx") in content;
    if (!key.endsWith("/deployment.json")) return true;
    const versions = Object.values(JSON.parse(text).aliases).flatMap((route) =>
      Object.keys((route as { weights: object }).weights),
    );
    const folder = key.replace("deployment.json", "versions/");
    return versions.every((version) => `${folder}${version}/manifest.json` in content);
  });
}

async function diesAt(work: () => Promise<unknown>): Promise<boolean> {
  return work().then(
    () => false,
    (error: unknown) => {
      expect(String(error)).toContain("the process is dead");
      return true;
    },
  );
}

describe("a process that dies after any single write", () => {
  it.each([false, true])(
    "of a backup leaves a sound one, and the next run completes it (etags differ: %s)",
    async (etagsDiffer) => {
      let deaths = 0;
      for (let writes = 0; ; writes += 1) {
        const buckets = createTwoBuckets({ etagsDiffer });
        await fillRegistry(buckets);
        const died = await diesAt(() => runBackup(dying(buckets, writes), BUDGET));
        expect(await isSound(buckets.backupBucket)).toBe(true);
        expect(await buckets.run()).toMatchObject({ failures: 0, done: true });
        expect(await contentOf(buckets.backupBucket)).toEqual(await contentOf(buckets.bucket));
        if (!died) break;
        deaths += 1;
      }
      expect(deaths).toBeGreaterThan(15);
    },
  );

  it("of a restore leaves a sound registry, and the same call again completes it", async () => {
    let deaths = 0;
    for (let writes = 0; ; writes += 1) {
      const source = await createBackedUp();
      const before = await contentOf(source.bucket);
      await emptyBucket(source.bucket);
      const request = { ...BUDGET, overwritePointer: false };
      const died = await diesAt(() => restore(dying(source, writes), request, { actor: "t" }));
      expect(await isSound(source.bucket)).toBe(true);
      expect(await source.restore()).toMatchObject({
        ok: true,
        value: { failures: 0, done: true },
      });
      expect(await contentOf(source.bucket)).toEqual(before);
      if (!died) break;
      deaths += 1;
    }
    expect(deaths).toBeGreaterThan(15);
  });
});
