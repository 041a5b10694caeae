import { createNodeDigest } from "../../infra/local/node-digest.ts";
import { createMemoryObjectStore } from "../../src/adapters/memory/object-store.ts";
import type { BackupDeps } from "../../src/core/lifecycle/backup/backup-deps.ts";
import type { BackupReport } from "../../src/core/lifecycle/backup/report.ts";
import { restore } from "../../src/core/lifecycle/backup/restore.ts";
import { runBackup } from "../../src/core/lifecycle/backup/run-backup.ts";
import { deleteVersion } from "../../src/core/lifecycle/versions/delete-version.ts";
import type { FreshetEvent } from "../../src/core/ports/events.ts";
import type { ObjectStore } from "../../src/core/ports/object-store.ts";
import { type ChaosStore, createChaosStore } from "./chaos-store.ts";
import { countingIds } from "./counting-ids.ts";
import { createManualClock, type ManualClock } from "./manual-clock.ts";
import { must } from "./must.ts";
import { jsonBytes, putDeployment, putVersion } from "./publish.ts";

const DEADLINE = { deadlineMs: 1_000 };

/** A registry with its backup, both in memory. */
export interface TwoBuckets {
  readonly deps: BackupDeps;
  readonly clock: ManualClock;
  readonly events: readonly FreshetEvent[];
  /** The first bucket as the core sees it, and behind that, never broken. */
  readonly store: ChaosStore;
  readonly bucket: ObjectStore;
  readonly backup: ChaosStore;
  readonly backupBucket: ObjectStore;
  /** Calls on both since the last time: `first get iris/…`, `second put iris/…`. */
  calls(): readonly string[];
  run(budgetMs?: number): Promise<BackupReport>;
  restore(request?: Partial<Parameters<typeof restore>[1]>): ReturnType<typeof restore>;
}

export interface TwoBucketsOptions {
  /** The two stores' etags of the same bytes differ, as with encryption. */
  readonly etagsDiffer?: boolean;
}

export function createTwoBuckets({ etagsDiffer = false }: TwoBucketsOptions = {}): TwoBuckets {
  const lines: string[] = [];
  const events: FreshetEvent[] = [];
  const clock = createManualClock();
  const digest = createNodeDigest();
  const bucket = createMemoryObjectStore({ digest });
  const backupBucket = createMemoryObjectStore({
    digest,
    ...(etagsDiffer ? { etagSalt: "b-" } : {}),
  });
  const store = createChaosStore(bucket, (line) => lines.push(`first ${line}`));
  const backup = createChaosStore(backupBucket, (line) => lines.push(`second ${line}`));
  const deps: BackupDeps = {
    store,
    backup,
    clock,
    events: { emit: (event) => void events.push(event) },
    random: () => 0,
    newId: countingIds(),
    maxBytes: 10_000,
  };
  return {
    deps,
    clock,
    events,
    store,
    bucket,
    backup,
    backupBucket,
    calls: () => lines.splice(0),
    run: (budgetMs = 60_000) => runBackup(deps, { budgetMs }),
    restore: (request = {}) =>
      restore(deps, { overwritePointer: false, budgetMs: 60_000, ...request }, { actor: "test" }),
  };
}

/** The first bytes of a version's file tell model and version apart. */
export const bytesOf = (model: string, version: string): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(`${model} ${version}`);

/**
 * Two models with everything that a registry has: `iris` with versions 1 and 2, digests, notes
 * and history, and 3 deleted; `wine` with 1; a bundle, an audit entry, and an upload under way.
 */
export async function fillRegistry({ bucket, deps }: TwoBuckets): Promise<void> {
  for (const [model, version] of [
    ["iris", "1"],
    ["iris", "2"],
    ["iris", "3"],
    ["wine", "1"],
  ] as const) {
    await putVersion(bucket, model, version, bytesOf(model, version));
    await bucket.put(
      `models/${model}/digests/${model}${version}.json`,
      jsonBytes({ version }),
      DEADLINE,
    );
  }
  await bucket.put("models/iris/versions/1/notes.json", jsonBytes({ tags: { a: "b" } }), DEADLINE);
  await putDeployment(bucket, "iris", 1, { production: { "1": 100 }, staging: { "2": 100 } });
  await putDeployment(bucket, "wine", 1, { production: { "1": 100 } });
  await deleteVersion({ ...deps, store: bucket }, "iris", "3", { actor: "test" });
  await bucket.put(
    "bundles/all.json",
    jsonBytes({ name: "all", references: ["iris", "wine"], rev: 1 }),
    DEADLINE,
  );
  await bucket.put("audit/2026/01/02/01H.json", jsonBytes({ action: "publish" }), DEADLINE);
  await bucket.put("models/iris/uploads/id/model.onnx", new Uint8Array([1]), DEADLINE);
}

/** A registry that has everything and has been backed up; what was called for that is forgotten. */
export async function createBackedUp(options: TwoBucketsOptions = {}): Promise<TwoBuckets> {
  const buckets = createTwoBuckets(options);
  await fillRegistry(buckets);
  await buckets.run();
  buckets.calls();
  return buckets;
}

/** A bucket that was lost. */
export async function emptyBucket(store: ObjectStore): Promise<void> {
  const { objects } = must(await store.list("", DEADLINE));
  for (const { key } of objects) must(await store.delete(key, DEADLINE));
}

/** Every object as text, by key; without what is not of the registry itself. */
export async function contentOf(store: ObjectStore): Promise<Readonly<Record<string, string>>> {
  const { objects } = must(await store.list("", DEADLINE));
  const keys = objects.map(({ key }) => key);
  const kept = keys.filter((key) => !/^backup\/|\/uploads\//.test(key));
  const entries = kept.map(async (key) => [key, await textAt(store, key)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

export async function textAt(store: ObjectStore, key: string): Promise<string> {
  const got = await store.get(key, { ...DEADLINE, maxBytes: 1_000_000 });
  return got.ok ? new TextDecoder().decode(got.value.bytes) : got.failure.reason;
}

/** A process that dies: the write of this number (from 0) and all that follow throw. */
export function dyingStore(inner: ObjectStore, isDead: () => boolean): ObjectStore {
  const alive = <T>(work: () => Promise<T>): Promise<T> => {
    if (isDead()) throw new Error("the process is dead");
    return work();
  };
  return {
    get: async (key, options) => inner.get(key, options),
    head: async (key, options) => inner.head(key, options),
    list: async (prefix, options) => inner.list(prefix, options),
    put: async (key, bytes, options) => alive(() => inner.put(key, bytes, options)),
    delete: async (key, options) => alive(() => inner.delete(key, options)),
  };
}
