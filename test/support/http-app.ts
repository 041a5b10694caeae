import { createNodeDigest } from "../../infra/local/node-digest.ts";
import { createMemoryObjectStore } from "../../src/adapters/memory/object-store.ts";
import {
  createMemoryUploadStore,
  type MemoryUploadStore,
} from "../../src/adapters/memory/uploads.ts";
import { BundleCatalog } from "../../src/core/lifecycle/bundle/bundle-catalog.ts";
import { CronState } from "../../src/core/lifecycle/cron/cron-state.ts";
import type { SignatureRules } from "../../src/core/lifecycle/signature/apply-policy.ts";
import type { ConversationStore } from "../../src/core/ports/conversation-store.ts";
import type { Engine } from "../../src/core/ports/engine.ts";
import type { EntityStore } from "../../src/core/ports/entity-store.ts";
import type { FreshetEvent } from "../../src/core/ports/events.ts";
import type { JobStore } from "../../src/core/ports/job-store.ts";
import type { ObjectStore } from "../../src/core/ports/object-store.ts";
import type { RemoteModels } from "../../src/core/ports/remote-models.ts";
import type { SharedCache } from "../../src/core/ports/shared-cache.ts";
import { createApp, servingRoutes } from "../../src/http/app.ts";
import { createColdApp } from "../../src/http/cold-app.ts";
import type { HttpDeps, HttpSettings } from "../../src/http/deps.ts";
import { type ChaosStore, createChaosStore } from "./chaos-store.ts";
import { countingIds } from "./counting-ids.ts";
import { createFakeEngine } from "./fake-engine.ts";
import { FRESHNESS } from "./freshness.ts";
import { createManualClock, type ManualClock } from "./manual-clock.ts";
import type { PredictionOptions } from "./predictions.ts";
import { createTestRemote } from "./remote.ts";
import { servingPartsOf } from "./serving-parts.ts";

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
  predictions: PredictionOptions | undefined,
): Omit<HttpDeps, "settings" | "uploads" | "remote" | "entities" | "conversations" | "jobs"> {
  const events = { emit: (event: FreshetEvent) => void heard.push(event) };
  const signed =
    wished === undefined ? {} : { signatures: { ...wished, digest: createNodeDigest(), events } };
  const { serve, feed } = servingPartsOf({
    store,
    backupStore,
    sharedCache,
    engine,
    clock,
    events,
    maxBytes: 1_000_000,
    freshness: FRESHNESS,
    predictions,
    ...signed,
  });
  const newId = countingIds();
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
      predictions: () => serve.predictions.stats().isolate,
      redis: () => serve.predictions.stats().redis ?? null,
      bytes: () => null,
      premium: () => null,
    },
    serve,
    registry: { store, engine, models: serve.models, clock, random: () => 0, newId, ...signed },
    store,
    digest: createNodeDigest(),
    engine,
    clock,
    events,
    newId,
    random: () => 0,
  };
}
