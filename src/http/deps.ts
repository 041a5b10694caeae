import type { BackupDeps } from "../core/lifecycle/backup/backup-deps.ts";
import type { BundleCatalog } from "../core/lifecycle/bundle/bundle-catalog.ts";
import type { CronState } from "../core/lifecycle/cron/cron-state.ts";
import type { CatalogFeed } from "../core/lifecycle/freshness/catalog-feed.ts";
import type { RefreshNowDeps } from "../core/lifecycle/freshness/refresh-now.ts";
import type { LoadModelDeps } from "../core/lifecycle/load-model.ts";
import type { PublishDeps } from "../core/lifecycle/publish/publish-version.ts";
import type { Scope } from "../core/model/scope.ts";
import type { Clock } from "../core/ports/clock.ts";
import type { ConversationStore } from "../core/ports/conversation-store.ts";
import type { Digest } from "../core/ports/digest.ts";
import type { Engine } from "../core/ports/engine.ts";
import type { EntityStore } from "../core/ports/entity-store.ts";
import type { Events } from "../core/ports/events.ts";
import type { JobStore } from "../core/ports/job-store.ts";
import type { ObjectStore } from "../core/ports/object-store.ts";
import type { PredictionStore } from "../core/ports/prediction-store.ts";
import type { RemoteModels } from "../core/ports/remote-models.ts";
import type { SharedCache } from "../core/ports/shared-cache.ts";
import type { UploadStore } from "../core/ports/upload-store.ts";
import type { InferDeps } from "../core/predict/infer.ts";
import type { PutEntitiesDeps } from "../core/quality/entities/put-entities.ts";
import type { PredictionRecorder } from "../core/quality/record-predictions.ts";

/** What the routes need: built once per isolate by compose. */
export interface HttpDeps {
  readonly serve: InferDeps & LoadModelDeps & Pick<RefreshNowDeps, "objects" | "bytesCache">;
  readonly registry: PublishDeps;
  readonly store: ObjectStore;
  /** Missing when no second bucket is configured. */
  readonly backup: BackupDeps | undefined;
  /** The bundles that this isolate has read. */
  readonly bundles: BundleCatalog;
  /** What the crons did in this isolate. */
  readonly cron: CronState;
  /** Of the same bucket as `store`. */
  readonly uploads: UploadStore;
  readonly digest: Digest;
  /** Models that run elsewhere. */
  readonly remote: RemoteModels;
  /** Missing when no shared cache is configured. */
  readonly sharedCache: SharedCache | undefined;
  /** Missing when no shared cache is configured; so are the conversations. */
  readonly entities: EntityStore | undefined;
  readonly conversations: ConversationStore | undefined;
  /** Durable jobs; missing when no shared cache is configured. */
  readonly jobs: JobStore | undefined;
  /** Settles what was predicted on an entity that is finished; left out: nothing waits for it. */
  readonly onEntityFinished?: PutEntitiesDeps["onFinished"];
  /** Records of predictions, and what writes them; missing when no shared cache is configured. */
  readonly records?: RecordKeeping | undefined;
  /** How this isolate follows the shared catalog; missing without a shared cache. */
  readonly feed: CatalogFeed | undefined;
  /** What the tiers beside the sessions hold, for reports. */
  readonly tiers: CacheTiers;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly events: Events;
  readonly settings: HttpSettings;
  readonly newId: () => string;
  /** 0 ≤ r < 1, for routes without a routing key. */
  readonly random: () => number;
}

export interface RecordKeeping {
  readonly predictions: PredictionStore;
  readonly recorder: PredictionRecorder;
}

/** Counters of each tier; `null` for one that is not configured. */
export interface CacheTiers {
  predictions(): object | null;
  redis(): object | null;
  bytes(): object | null;
  premium(): object | null;
}

export interface HttpSettings {
  readonly maxBodyBytes: number;
  /** Of one request that is not a stream. */
  readonly maxRows: number;
  readonly publicScopes: ReadonlySet<Scope>;
  /** Empty: no token opens anything. */
  readonly adminToken: string;
  readonly environment: string;
  /** Milliseconds since its last event for which a conversation is kept. */
  readonly conversationKeepMs: number;
  /** Jobs that wait or run from which on `/health` warns. */
  readonly jobsBacklogWarn: number;
  /** Settings of the caches as they hold, by their names. */
  readonly switches: Readonly<Record<string, boolean | number>>;
  /** Of the package, as in `/version`. */
  readonly version: string;
}
