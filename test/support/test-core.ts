import { createNodeDigest } from "../../infra/local/node-digest.ts";
import { createMemoryObjectStore } from "../../src/adapters/memory/object-store.ts";
import type { FlightContext } from "../../src/core/cache/single-flight.ts";
import { BundleCatalog } from "../../src/core/lifecycle/bundle/bundle-catalog.ts";
import { CronState } from "../../src/core/lifecycle/cron/cron-state.ts";
import type { CatalogFeed } from "../../src/core/lifecycle/freshness/catalog-feed.ts";
import type { FreshnessSettings } from "../../src/core/lifecycle/freshness/settings.ts";
import type { LoadModelDeps } from "../../src/core/lifecycle/load-model.ts";
import type { BytesCache } from "../../src/core/ports/bytes-cache.ts";
import type { Engine } from "../../src/core/ports/engine.ts";
import type { FreshetEvent } from "../../src/core/ports/events.ts";
import type { ObjectStore } from "../../src/core/ports/object-store.ts";
import type { SharedCache } from "../../src/core/ports/shared-cache.ts";
import type { InferDeps } from "../../src/core/predict/infer.ts";
import { type ChaosStore, createChaosStore } from "./chaos-store.ts";
import { createFakeEngine, type FakeEngine } from "./fake-engine.ts";
import { FRESHNESS } from "./freshness.ts";
import { createManualClock, type ManualClock } from "./manual-clock.ts";
import type { PredictionOptions } from "./predictions.ts";
import { servingPartsOf } from "./serving-parts.ts";

/** A whole core without an outside: memory store, fake engine, manual clock. */
export interface TestCore {
  readonly deps: LoadModelDeps &
    InferDeps & {
      readonly engine: Engine;
      readonly bytesCache: BytesCache | undefined;
      readonly freshness: FreshnessSettings;
      readonly bundles: BundleCatalog;
      readonly cron: CronState;
    };
  readonly clock: ManualClock;
  readonly fake: FakeEngine;
  /** Where a publisher writes: neither told nor broken. */
  readonly bucket: ObjectStore;
  /** The same bucket as the core sees it. */
  readonly store: ChaosStore;
  /** The second bucket; the core has it only `withBackup`. Its calls are told as `backup get …`. */
  readonly backup: ChaosStore;
  readonly context: FlightContext;
  readonly feed: CatalogFeed | undefined;
  /** What happened since the last call: store calls, opens and events in one order. */
  story(): readonly string[];
  /** Waits for everything that was handed to the background. */
  background(): Promise<void>;
}

export interface TestCoreOptions {
  readonly maxBytes?: number;
  readonly revalidateMs?: number;
  readonly freshness?: Partial<FreshnessSettings>;
  /** Shared by isolates; left out, there is none. */
  readonly sharedCache?: SharedCache;
  /** The bucket of another isolate; left out, one of its own. */
  readonly bucket?: ObjectStore;
  readonly limitBytes?: number;
  /** Between isolate and bucket; left out, there is none. */
  readonly bytesCache?: BytesCache;
  /** Left out: false. */
  readonly forceReload?: boolean;
  /** With a second bucket. */
  readonly withBackup?: boolean;
  /** Left out: no predictions are kept. */
  readonly predictions?: PredictionOptions;
  /** Left out: a fake one. */
  readonly engine?: Engine;
}

export function createTestCore({
  maxBytes = 1_000,
  revalidateMs = 5_000,
  limitBytes = 1_000_000,
  withBackup = false,
  bytesCache,
  forceReload = false,
  predictions,
  engine: given,
  freshness: freshnessChanges = {},
  sharedCache,
  bucket = createMemoryObjectStore({ digest: createNodeDigest() }),
}: TestCoreOptions = {}): TestCore {
  const lines: string[] = [];
  const kept: Promise<unknown>[] = [];
  const tell = (line: string) => void lines.push(line);
  const events = { emit: (event: FreshetEvent) => tell(told(event)) };
  const clock = createManualClock();
  const store = createChaosStore(bucket, tell);
  const backup = createChaosStore(createMemoryObjectStore({ digest: createNodeDigest() }), (line) =>
    tell(`backup ${line}`),
  );
  const fake = createFakeEngine(limitBytes);
  const engine = telling(given ?? fake, tell);
  const freshness = { ...FRESHNESS, revalidateMs, ...freshnessChanges };
  const { serve, feed } = servingPartsOf({
    store,
    backupStore: withBackup ? backup : undefined,
    sharedCache,
    bytesCache,
    engine,
    clock,
    events,
    maxBytes,
    freshness,
    forceReload,
    predictions,
  });
  return {
    deps: {
      ...serve,
      bytesCache,
      engine,
      freshness,
      bundles: new BundleCatalog(),
      cron: new CronState(),
    },
    clock,
    fake,
    bucket,
    store,
    backup,
    feed,
    context: { clock, background: { keep: (work) => void kept.push(work) } },
    story: () => lines.splice(0),
    background: async () => void (await Promise.all(kept.splice(0))),
  };
}

/** Names each model by its first byte, as the fake engine's answers do. */
const telling = (engine: Engine, tell: (line: string) => void): Engine => ({
  async restart() {
    await engine.restart();
    tell("restart");
  },
  memory: () => engine.memory(),
  async open(model) {
    const opened = await engine.open(model);
    tell(`open ${model[0]}${opened.ok ? "" : `: ${opened.failure.reason}`}`);
    return opened;
  },
});

function told(event: FreshetEvent): string {
  switch (event.kind) {
    case "version_loaded":
      return `loaded ${event.model}@${event.version}${event.from === "bytes-cache" ? " from the cache" : ""}`;
    case "cached_bytes_dropped":
      return `dropped ${event.model}@${event.version}`;
    case "version_object_refused":
      return `refused ${event.model}@${event.version}: ${event.reason}`;
    case "version_failed":
      return `failed ${event.model}@${event.version}: ${event.reason}`;
    case "version_released":
      return `${event.why} ${event.model}@${event.version}`;
    case "deployment_changed":
      return `changed ${event.model} ${event.fromRev} to ${event.toRev}`;
    case "deployment_gone":
      return `gone ${event.model} after ${event.rev}`;
    case "deployment_kept":
      return `kept ${event.model}: ${event.reason}`;
    case "signature_unverified":
      return `unverified ${event.model}@${event.version ?? "new"}: ${event.reason}`;
    case "served_from_backup":
      return `from backup ${event.model}${event.version === undefined ? "" : `@${event.version}`}: ${event.reason}`;
    case "object_repaired":
      return `repaired ${event.key} (${event.why})`;
    case "backup_ran":
      return `backup: ${event.copied} copied, ${event.unchanged} unchanged, ${event.failures} failed`;
    case "engine_crashed":
      return `engine crashed on ${event.model}@${event.version}`;
    case "shared_cache_silent":
      return `redis silent: ${event.reason}`;
    case "order_obeyed":
      return `obeyed ${event.what} of ${event.model ?? "all"}`;
    case "tick":
      if (event.lease === "skipped") return `tick ${event.cron}: skipped`;
      return `tick ${event.cron}: ${event.checked} checked, ${event.changed} changed, ${event.kept} kept${event.warmed + event.cold === 0 ? "" : `, ${event.warmed} warm, ${event.cold} cold`}`;
    case "prediction_stale":
      return `stale ${event.model}@${event.version} ${event.ageMs} ms`;
    case "prediction_not_renewed":
      return `not renewed ${event.model}@${event.version}: ${event.reason}`;
    case "prediction_evicted":
      return `evicted a prediction of ${event.model}@${event.version}`;
    case "prediction_redis_paused":
      return `redis paused: ${event.reason}`;
    case "records_not_written":
      return `records not written: ${event.reason}, ${event.pending} wait, ${event.lost} lost`;
    case "premium":
      return `premium ${event.stage} ${event.model}@${event.version}`;
    case "jobs_drained":
      return `drained ${event.completed} ${event.failed} ${event.dropped}`;
    case "inference":
    case "inference_refused":
    case "audit_recorded":
    case "conversation_not_written":
    case "request_failed":
      throw new Error(`${event.kind} is told by the doors, not by the core`);
  }
}
