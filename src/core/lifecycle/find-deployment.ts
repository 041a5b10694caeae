import type { ModelCache } from "../cache/model-cache.ts";
import { type FlightContext, SingleFlight } from "../cache/single-flight.ts";
import type { ServeFailure } from "../model/failure.ts";
import { fail, ok, type Result } from "../model/result.ts";
import type { Clock } from "../ports/clock.ts";
import type { Events } from "../ports/events.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { type Catalog, type CatalogEntry, GONE } from "../routing/catalog.ts";
import { dropReplaced } from "./drop-replaced.ts";
import type { CatalogFeed } from "./freshness/catalog-feed.ts";
import { effectiveFreshness, type FreshnessSettings } from "./freshness/settings.ts";
import { readDeployment } from "./read-deployment.ts";
import { DOCUMENT_DEADLINE_MS } from "./read-document.ts";
import type { RefreshOutcome } from "./refresh-deployment.ts";

type ReadFailure = { readonly reason: string; readonly detail: string };

type Found = Result<CatalogEntry, ServeFailure>;

export interface DeploymentFinderDeps {
  readonly store: ObjectStore;
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly events: Events;
  /** Asked when the first store has no readable deployment; missing when there is none. */
  readonly backupStore?: ObjectStore | undefined;
  readonly freshness: FreshnessSettings;
  /** Loaded versions that a deployment shows to be replaced are let go of. */
  readonly models: ModelCache;
  /** Tells which pointers moved; missing without Redis: each model in use is asked about then. */
  readonly feed?: CatalogFeed | undefined;
  /** Confirms or replaces what the catalog holds of a model. */
  readonly refresh: (context: FlightContext, model: string) => Promise<RefreshOutcome>;
}

const ABSENT_MS = 2_000;
/** As the refusal's `Retry-After`. */
const RETRY_MS = 1_000;
/** `waitUntil` lives 30 s: whatever a check has not done by then it never will. */
const CHECK_MAX_MS = 30_000;

/** Answers what a model's deployment is, from the isolate's catalog whenever it is there. */
export class DeploymentFinder {
  readonly #deps: DeploymentFinderDeps;
  readonly #checkingSinceMs = new Map<string, number>();
  readonly #finds = new SingleFlight<Found>(DOCUMENT_DEADLINE_MS + 1_000);

  constructor(deps: DeploymentFinderDeps) {
    this.#deps = deps;
  }

  /**
   * The deployment to serve by. A known one is answered at once however old, unless strict
   * freshness is asked for; past `revalidateMs` this also starts one check in the background.
   * Only a model this isolate has never seen costs the caller a GET.
   */
  async find(context: FlightContext, model: string): Promise<Found> {
    const { catalog, clock } = this.#deps;
    const known = this.known(context, model);
    if (known !== undefined) return ok(known);
    if (catalog.get(model) !== undefined) return tooOld(model);
    if (catalog.isAbsent(model, clock.now())) return notFound(catalog, model);
    return (await this.#finds.join(context, model, () => this.#fetch(model))).value;
  }

  /** As `find`, of a model that this isolate has seen: nothing to wait for. `undefined`: ask `find`. */
  known(context: FlightContext, model: string): CatalogEntry | undefined {
    const entry = this.#deps.catalog.get(model);
    if (entry === undefined) return undefined;
    const freshness = this.freshnessOf(entry);
    const refused = freshness.strictFreshness && this.isStale(entry);
    // Who is refused for want of a check has one made, whatever the interval says.
    const everyMs = refused ? Math.min(freshness.revalidateMs, RETRY_MS) : freshness.revalidateMs;
    const { feed } = this.#deps;
    // Orders to all isolates are heeded whether or not pointers are followed.
    feed?.nudge(context, everyMs);
    const isFed = feed !== undefined && freshness.checkFreshness && !feed.isSilent;
    if (!isFed && (freshness.checkFreshness || refused)) {
      this.#revalidate(context, model, entry, everyMs);
    }
    return refused ? undefined : entry;
  }

  /** When a deployment was last confirmed, by the store or by the shared catalog: ms since 1970. */
  checkedAtMs({ deployment, checkedAtMs }: CatalogEntry): number {
    const { feed } = this.#deps;
    return feed === undefined
      ? checkedAtMs
      : Math.max(checkedAtMs, feed.confirmedAtMs(deployment.model));
  }

  /** The settings as they hold for one model. */
  freshnessOf({ deployment }: CatalogEntry): FreshnessSettings {
    return effectiveFreshness(this.#deps.freshness, deployment);
  }

  /** Nobody has confirmed it for `MAX_STALE_MS`. */
  isStale(entry: CatalogEntry): boolean {
    const ageMs = this.#deps.clock.now() - this.checkedAtMs(entry);
    return ageMs > this.freshnessOf(entry).maxStaleMs;
  }

  #revalidate(
    context: FlightContext,
    model: string,
    entry: CatalogEntry,
    revalidateMs: number,
  ): void {
    const { clock, refresh } = this.#deps;
    const now = clock.now();
    if (now - entry.triedAtMs < revalidateMs) return;
    // One check at a time. A check whose isolate work was cut off never ends: it counts for a while only.
    if (now - (this.#checkingSinceMs.get(model) ?? Number.NEGATIVE_INFINITY) < CHECK_MAX_MS) return;
    this.#checkingSinceMs.set(model, now);
    const check = refresh(context, model).finally(() => this.#checkingSinceMs.delete(model));
    context.background.keep(check);
  }

  async #fetch(model: string): Promise<Found> {
    const { store, catalog, clock, models } = this.#deps;
    const read = await readDeployment(store, model);
    if (!read.ok) {
      const { failure } = read;
      const spare = await this.#fetchSpare(model, failure);
      if (spare !== undefined) return ok(spare);
      const now = clock.now();
      const { detail } = failure;
      if (failure.reason === "absent") {
        catalog.setAbsent(model, now + ABSENT_MS);
        return notFound(catalog, model);
      }
      if (failure.reason === "invalid_document") {
        catalog.setLost(model, { reason: failure.reason, detail }, now);
        return fail({ reason: "model_unavailable", detail });
      }
      return fail({ reason: "store_unavailable", detail, cause: failure.cause });
    }
    const now = clock.now();
    const { value: deployment, etag } = read.value;
    const entry: CatalogEntry = { deployment, etag, checkedAtMs: now, triedAtMs: now };
    catalog.set(model, entry);
    dropReplaced(models, deployment);
    return ok(entry);
  }

  /**
   * The backup's pointer, for as long as the first store has none: marked degraded, since it
   * may be of an hour ago, and for the same reason never written back by itself.
   */
  async #fetchSpare(model: string, failure: ReadFailure): Promise<CatalogEntry | undefined> {
    const { backupStore, catalog, clock, events } = this.#deps;
    if (backupStore === undefined) return undefined;
    const read = await readDeployment(backupStore, model);
    if (!read.ok) return undefined;
    const now = clock.now();
    const { value: deployment, etag } = read.value;
    const reason = failure.reason === "absent" ? GONE : failure.reason;
    const detail = `the backup's revision ${deployment.rev} is served: ${failure.detail}`;
    const degraded = { reason, detail, sinceMs: now };
    const entry: CatalogEntry = { deployment, etag, checkedAtMs: now, triedAtMs: now, degraded };
    catalog.set(model, entry);
    events.emit({ kind: "served_from_backup", model, reason, detail: failure.detail });
    return entry;
  }
}

const tooOld = (model: string) =>
  fail({
    reason: "too_stale",
    detail: `what model '${model}' serves has not been confirmed for longer than MAX_STALE_MS, and STRICT_FRESHNESS is on; it is being asked now, try again`,
  });

function notFound(catalog: Catalog, model: string) {
  const lost = catalog.lost(model);
  const why = lost === undefined ? "" : `: ${lost.detail}`;
  return fail({ reason: "model_not_found", detail: `there is no model '${model}'${why}` });
}
