import type { FlightContext } from "../../cache/single-flight.ts";
import { ok } from "../../model/result.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Events } from "../../ports/events.ts";
import { isCount, type SharedCache } from "../../ports/shared-cache.ts";
import type { Catalog } from "../../routing/catalog.ts";
import { inParallel } from "../in-parallel.ts";
import type { RefreshOutcome } from "../refresh-deployment.ts";
import { differingPointers, POINTERS_PER_CALL } from "./differing-pointers.ts";
import { CATALOG_KEY, EPOCH_KEY, LAST_ORDER_KEY, type Order, parseOrder } from "./shared-keys.ts";

export interface CatalogFeedDeps {
  readonly sharedCache: SharedCache;
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly events: Events;
  /** False for a model whose pointer is not to be looked at unless an order says so. */
  readonly follows: (model: string) => boolean;
  /** Confirms or replaces what the catalog holds of a model. */
  readonly refresh: (context: FlightContext, model: string) => Promise<RefreshOutcome>;
  /** Does what somebody ordered every isolate to do; `refresh` is done by the feed itself. */
  readonly obey: (order: Pick<Order, "what" | "model">) => void;
}

/** Nobody waits for a check: it may take what a request may not. */
const DEADLINE_MS = 2_000;
/** `waitUntil` lives 30 s: whatever a check has not done by then it never will. */
const CHECK_MAX_MS = 30_000;
/** Pointers are compared this often even at one revision: a writer may have died before it raised it. */
const COMPARE_MS = 60_000;

/**
 * Keeps the isolate's catalog at the shared catalog's revision: one command asks for it,
 * however many models there are, and only when it has moved are pointers compared. While Redis
 * is silent the feed says so, and its user asks the store.
 */
export class CatalogFeed {
  readonly #deps: CatalogFeedDeps;
  #revision: string | undefined;
  #epoch: number | undefined;
  #triedAtMs = Number.NEGATIVE_INFINITY;
  #confirmedAtMs = Number.NEGATIVE_INFINITY;
  #comparedAtMs = Number.NEGATIVE_INFINITY;
  #checkingSinceMs = Number.NEGATIVE_INFINITY;
  #silent = false;
  /** Models whose newer state could not be taken, and those that an order names: asked about at each check. */
  readonly #pending = new Set<string>();

  constructor(deps: CatalogFeedDeps) {
    this.#deps = deps;
  }

  /** The last check got no answer from Redis. */
  get isSilent(): boolean {
    return this.#silent;
  }

  /** The epoch this isolate has obeyed; `undefined` before the first answer. */
  get epoch(): number | undefined {
    return this.#epoch;
  }

  /** This isolate has already done what raised the epoch: it gave the order. */
  hasObeyed(epoch: number): void {
    if (this.#epoch !== undefined && epoch === this.#epoch + 1) this.#epoch = epoch;
  }

  /** When a model was last known to be as the shared catalog has it; −∞ when never. */
  confirmedAtMs(model: string): number {
    const isCompared = this.#deps.follows(model) && !this.#pending.has(model);
    return isCompared ? this.#confirmedAtMs : Number.NEGATIVE_INFINITY;
  }

  /** Starts a check in the background when the last one is `revalidateMs` old. One at a time. */
  nudge(context: FlightContext, revalidateMs: number): void {
    const now = this.#deps.clock.now();
    if (now - this.#triedAtMs < revalidateMs) return;
    // A check whose isolate work was cut off never ends: it counts for a while only.
    if (now - this.#checkingSinceMs < CHECK_MAX_MS) return;
    context.background.keep(this.check(context));
  }

  /** Asks Redis once and takes over what has changed. Never throws. */
  async check(context: FlightContext): Promise<void> {
    const { sharedCache, clock } = this.#deps;
    this.#checkingSinceMs = clock.now();
    try {
      const keys = [CATALOG_KEY, EPOCH_KEY, LAST_ORDER_KEY];
      const read = await sharedCache.getMany(keys, DEADLINE_MS);
      if (!read.ok) return this.#fell(read.failure.reason, read.failure.detail);
      const [revision = "0", epoch = "0", order] = read.value;
      // Taken for an epoch, what is no number would be a new order to forget everything, each time.
      if (!isCount(revision) || !isCount(epoch))
        return this.#fell("refused", "catalog and epoch are no counters");
      this.#obey(Number(epoch), parseOrder(order));
      const moved = revision !== this.#revision || clock.now() - this.#comparedAtMs >= COMPARE_MS;
      if (moved && !(await this.#findMoved())) return;
      await this.#refreshPending(context);
      this.#revision = revision;
      this.#silent = false;
      this.#confirmedAtMs = clock.now();
    } finally {
      this.#triedAtMs = clock.now();
      this.#checkingSinceMs = Number.NEGATIVE_INFINITY;
    }
  }

  #fell(reason: string, detail: string): void {
    if (!this.#silent) this.#deps.events.emit({ kind: "shared_cache_silent", reason, detail });
    this.#silent = true;
  }

  /** Marks the models whose shared pointer is not the one this isolate has; false when Redis fell silent. */
  async #findMoved(): Promise<boolean> {
    const models = this.#deps.catalog.byAge().filter(this.#deps.follows);
    for (let start = 0; start < models.length; start += POINTERS_PER_CALL) {
      const some = models.slice(start, start + POINTERS_PER_CALL);
      const differing = await differingPointers(this.#deps, some, DEADLINE_MS);
      if (!differing.ok) {
        this.#fell(differing.failure.reason, differing.failure.detail);
        return false;
      }
      for (const model of differing.value) this.#pending.add(model);
    }
    this.#comparedAtMs = this.#deps.clock.now();
    return true;
  }

  async #refreshPending(context: FlightContext): Promise<void> {
    const { refresh } = this.#deps;
    await inParallel([...this.#pending], async (model) => {
      const outcome = await refresh(context, model);
      // What could not be taken is tried again next time, whether or not anything moves.
      if (outcome !== "kept" && outcome !== "overtaken") this.#pending.delete(model);
      return ok(undefined);
    });
  }

  #obey(epoch: number, order: Order | undefined): void {
    const known = this.#epoch;
    this.#epoch = epoch;
    if (known === undefined || epoch === known) return;
    // Of several orders only the last one can be read: the widest is safe.
    const precise = order?.epoch === epoch && epoch === known + 1;
    const { what, model } = precise ? order : { what: "all" as const, model: undefined };
    this.#deps.obey({ what, model });
    if (what === "predictions") return;
    // An order to clear moves no pointer that is not followed; one that was missed may have been to refresh.
    const asksStore = what === "refresh" || !precise ? () => true : this.#deps.follows;
    const names = model === undefined ? this.#deps.catalog.byAge() : [model];
    for (const name of names.filter(asksStore)) this.#pending.add(name);
  }
}
