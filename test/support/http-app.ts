import { createNodeDigest } from "../../infra/local/node-digest.ts";
import { createMemoryObjectStore } from "../../src/adapters/memory/object-store.ts";
import {
  createMemoryUploadStore,
  type MemoryUploadStore,
} from "../../src/adapters/memory/uploads.ts";
import { ModelCache } from "../../src/core/cache/model-cache.ts";
import { BundleCatalog } from "../../src/core/lifecycle/bundle/bundle-catalog.ts";
import { CronState } from "../../src/core/lifecycle/cron/cron-state.ts";
import { DeploymentFinder } from "../../src/core/lifecycle/find-deployment.ts";
import { refreshDeployment } from "../../src/core/lifecycle/refresh-deployment.ts";
import type { SignatureRules } from "../../src/core/lifecycle/signature/apply-policy.ts";
import { VersionLoader } from "../../src/core/lifecycle/version-loader.ts";
import type { ConversationStore } from "../../src/core/ports/conversation-store.ts";
import type { Engine } from "../../src/core/ports/engine.ts";
import type { EntityStore } from "../../src/core/ports/entity-store.ts";
import type { FreshetEvent } from "../../src/core/ports/events.ts";
import type { JobStore } from "../../src/core/ports/job-store.ts";
import type { ObjectStore } from "../../src/core/ports/object-store.ts";
import type { RemoteModels } from "../../src/core/ports/remote-models.ts";
import type { SharedCache } from "../../src/core/ports/shared-cache.ts";
import { JoinRuns } from "../../src/core/predict/joining/join-runs.ts";
import { StatisticsBook } from "../../src/core/predict/statistics.ts";
import { Catalog } from "../../src/core/routing/catalog.ts";
import { createApp, servingRoutes } from "../../src/http/app.ts";
import { createColdApp } from "../../src/http/cold-app.ts";
import type { HttpDeps, HttpSettings } from "../../src/http/deps.ts";
import { type ChaosStore, createChaosStore } from "./chaos-store.ts";
import { createFakeEngine } from "./fake-engine.ts";
import { FRESHNESS, feedOf } from "./freshness.ts";
import { createManualClock, type ManualClock } from "./manual-clock.ts";
import { type PredictionOptions, predictionsOf } from "./predictions.ts";
import { createTestRemote } from "./remote.ts";

export const ADMIN_TOKEN = "an-admin-token-for-tests";

/** The HTTP door without an outside: memory store, fake engine, manual clock, ids that count. */
export interface HttpApp {
  readonly routes: readonly { readonly method: string; readonly path: string }[];
  /** Where a publisher writes: never broken. */
  readonly bucket: ObjectStore;
  /** The same bucket as the app sees it. */
  readonly store: ChaosStore;
  /** The second bucket; the app has it only `withBackup`. */
  readonly backup: ChaosStore;
  /** Uploads in parts into the same bucket. */
  readonly uploads: MemoryUploadStore;
  readonly clock: ManualClock;
  readonly events: readonly FreshetEvent[];
  request(path: string, init?: RequestInit): Promise<Response>;
  /** POSTs a value as JSON. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Waits for everything that requests handed to `waitUntil`. */
  background(): Promise<void>;
}

export interface HttpAppOptions {
  readonly engine?: Engine;
  readonly settings?: Partial<HttpSettings>;
  readonly sharedCache?: SharedCache;
  /** Left out: as without Redis. */
  readonly entities?: EntityStore;
  readonly conversations?: ConversationStore;
  readonly jobs?: JobStore;
  readonly onEntityFinished?: HttpDeps["onEntityFinished"];
  readonly records?: HttpDeps["records"];
  /** With a second bucket. */
  readonly withBackup?: boolean;
  /** Left out: signatures are not looked at. */
  readonly signatures?: Pick<SignatureRules, "policy" | "verifier">;
  /** Left out: no predictions are kept. */
  readonly predictions?: PredictionOptions;
  /** Left out: no host is allowed. */
  readonly remote?: RemoteModels;
}

export function createHttpApp({
  engine,
  settings,
  sharedCache,
  entities,
  conversations,
  jobs,
  onEntityFinished,
  records,
  withBackup = false,
  signatures,
  predictions,
  remote = createTestRemote().remote,
}: HttpAppOptions = {}): HttpApp {
  const events: FreshetEvent[] = [];
  const kept: Promise<unknown>[] = [];
  const clock = createManualClock();
  const bucket = createMemoryObjectStore({ digest: createNodeDigest() });
  const store = createChaosStore(bucket);
  const backup = createChaosStore(createMemoryObjectStore({ digest: createNodeDigest() }));
  const uploads = createMemoryUploadStore(bucket);
  const deps: HttpDeps = {
    ...wire(
      engine ?? createFakeEngine(),
      store,
      withBackup ? backup : undefined,
      clock,
      events,
      signatures,
      sharedCache,
      predictions,
    ),
    uploads,
    remote,
    sharedCache,
    entities,
    conversations,
    jobs,
    ...(onEntityFinished === undefined ? {} : { onEntityFinished }),
    records,
    settings: { ...SETTINGS, ...settings },
  };
  const app = createApp(deps);
  const serving = servingRoutes(deps);
  const context = {
    waitUntil: (work: Promise<unknown>) => void kept.push(work),
    passThroughOnException: () => undefined,
    props: {},
  };
  const request = async (path: string, init?: RequestInit) =>
    app.request(path, init, undefined, context);
  return {
    routes: [
      ...serving.map(({ method, path }) => ({ method: method.toUpperCase(), path })),
      ...createColdApp(deps, serving).routes,
    ],
    bucket,
    store,
    backup,
    uploads,
    clock,
    events,
    request,
    post: (path, body, headers = {}) =>
      request(path, { method: "POST", body: JSON.stringify(body), headers }),
    background: async () => void (await Promise.all(kept.splice(0))),
  };
}

const SETTINGS: HttpSettings = {
  maxBodyBytes: 100_000,
  maxRows: 1_000,
  publicScopes: new Set(["infer", "read"]),
  adminToken: ADMIN_TOKEN,
  environment: "dev",
  conversationKeepMs: 90 * 86_400_000,
  jobsBacklogWarn: 3,
  version: "1.2.3",
  switches: { USE_CACHE: true, REVALIDATE_MS: 5_000 },
};

function wire(
  engine: Engine,
  store: ObjectStore,
  backupStore: ObjectStore | undefined,
  clock: ManualClock,
  heard: FreshetEvent[],
  wished: HttpAppOptions["signatures"],
  sharedCache: SharedCache | undefined,
  kept: PredictionOptions | undefined,
): Omit<HttpDeps, "settings" | "uploads" | "remote" | "entities" | "conversations" | "jobs"> {
  const events = { emit: (event: FreshetEvent) => void heard.push(event) };
  const signed =
    wished === undefined ? {} : { signatures: { ...wished, digest: createNodeDigest(), events } };
  const models = new ModelCache({
    maxBytes: 1_000_000,
    onRelease: ({ model, version, memoryBytes }, why) => {
      if (why === "unloaded") predictions?.forgetVersion(model, version);
      catalog.versionLeft(model, version);
      events.emit({ kind: "version_released", model, version, why, memoryBytes });
    },
  });
  const catalog = new Catalog();
  const predictions =
    kept &&
    predictionsOf(kept, {
      deploymentOf: (model) => catalog.get(model)?.deployment,
      epochOf: () => feed?.epoch,
      clock,
      events,
      sharedCache,
    });
  const loader = new VersionLoader({
    store,
    backupStore,
    engine,
    models,
    clock,
    events,
    ...signed,
  });
  const refresh = { store, backupStore, sharedCache, catalog, models, loader, clock, events };
  const feed = feedOf({ ...refresh, predictions });
  const finder = new DeploymentFinder({
    store,
    backupStore,
    catalog,
    clock,
    events,
    freshness: FRESHNESS,
    feed,
    refresh: (context, model) => refreshDeployment(refresh, context, model),
  });
  let ids = 0;
  const newId = () => {
    ids += 1;
    return `id-${ids}`;
  };
  const backup =
    backupStore === undefined
      ? undefined
      : { store, backup: backupStore, clock, events, random: () => 0, newId, maxBytes: 1_000_000 };
  return {
    backup,
    bundles: new BundleCatalog(),
    cron: new CronState(),
    feed,
    sharedCache,
    tiers: {
      predictions: () => predictions?.stats().isolate ?? null,
      redis: () => predictions?.stats().redis ?? null,
      bytes: () => null,
      premium: () => null,
    },
    serve: {
      ...refresh,
      finder,
      predictions,
      statistics: new StatisticsBook(),
      joining: new JoinRuns({ deploymentOf: (model) => catalog.get(model)?.deployment }),
    },
    registry: { store, engine, models, clock, random: () => 0, newId, ...signed },
    store,
    digest: createNodeDigest(),
    engine,
    clock,
    events,
    newId,
    random: () => 0,
  };
}
