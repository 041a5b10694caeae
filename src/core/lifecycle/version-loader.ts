import { LRUCache } from "lru-cache";
import type { LoadedVersion } from "../cache/model-cache.ts";
import { type FlightContext, type Landed, SingleFlight } from "../cache/single-flight.ts";
import { ok, type Result } from "../model/result.ts";
import {
  LOAD_DEADLINE_MS,
  type LoadDeps,
  type LoadFailure,
  type LoadOptions,
  loadVersion,
} from "./load-version.ts";
import { RetryPauses } from "./retry-pauses.ts";

type LoadOutcome = Result<LoadedVersion, LoadFailure>;

/** A version that cannot be loaded, and until when that is believed without another try. */
export interface BrokenVersion {
  readonly model: string;
  readonly version: string;
  readonly failure: LoadFailure;
  readonly untilMs: number;
}

/** The last load of a version, which failed. */
export interface FailedLoad {
  readonly model: string;
  readonly version: string;
  readonly failure: LoadFailure;
  /** When it first failed for this reason, ms since 1970. */
  readonly sinceMs: number;
}

const MAX_BROKEN = 1_000;
/** By size and not by `max`, which reserves room for all of them at every cold start. */
const WITHIN_MAX_BROKEN = { maxSize: MAX_BROKEN, sizeCalculation: () => 1 };
// A broken version stays broken unless somebody mends the bucket by hand; absence ends with a
// publish, and a full engine with the next release.
const BROKEN_MS = 30_000;
const PASSING_MS = 2_000;
// Each try of a model that is too large empties the engine of all the others.
const TOO_LARGE_MS = 600_000;

function beliefMs(reason: LoadFailure["reason"]): number {
  if (reason === "model_too_large") return TOO_LARGE_MS;
  return reason === "version_not_found" || reason === "out_of_memory" ? PASSING_MS : BROKEN_MS;
}

const isCrowdedOut = (outcome: LoadOutcome): boolean =>
  !outcome.ok && outcome.failure.reason === "crowded_out";

/** Loads each version once however many requests ask, and remembers for a while what cannot be loaded. */
export class VersionLoader {
  readonly #deps: LoadDeps;
  readonly #flights = new SingleFlight<LoadOutcome>(LOAD_DEADLINE_MS + 1_000);
  readonly #counts = { asked: 0, failed: 0 };
  readonly #broken = new LRUCache<string, BrokenVersion>({ max: MAX_BROKEN });
  // Whatever is believed or forgiven: until a load succeeds.
  readonly #failed = new LRUCache<string, FailedLoad>(WITHIN_MAX_BROKEN);
  /** Of pointers whose versions do not load. */
  readonly pauses = new RetryPauses();

  constructor(deps: LoadDeps) {
    this.#deps = deps;
  }

  /**
   * The loaded version. `collapsed` when another request's load was used.
   * With `openWithin` it may come to nothing for want of room.
   */
  async load(
    context: FlightContext,
    model: string,
    version: string,
    options: LoadOptions = {},
  ): Promise<Landed<LoadOutcome>> {
    this.#counts.asked += 1;
    const known = this.broken(model, version);
    if (known !== undefined && this.#deps.clock.now() < known.untilMs) {
      return { value: { ok: false, failure: known.failure }, collapsed: false };
    }
    const join = () =>
      this.#flights.join(context, `${model}@${version}`, () =>
        this.#loadOnce(context, model, version, options),
      );
    let landed = await join();
    // Whoever is asked for takes the room that it needs.
    while (options.openWithin === undefined && isCrowdedOut(landed.value)) landed = await join();
    return landed;
  }

  /** Since the isolate began: versions that were asked for and were not loaded, and loads that failed. */
  get counts(): { readonly asked: number; readonly failed: number } {
    return this.#counts;
  }

  /** Whether this model's bytes come from a store at each load, as far as this isolate knows. */
  forcesReload(model: string): boolean {
    return this.#deps.forcesReload?.(model) ?? false;
  }

  isLoading(model: string, version: string): boolean {
    return this.#flights.has(`${model}@${version}`);
  }

  /** What is known to be wrong with a version; kept for reports after its time is up. */
  broken(model: string, version: string): BrokenVersion | undefined {
    return this.#broken.get(`${model}@${version}`);
  }

  /** Every version of a model that is known to be wrong. */
  allBroken(model: string): readonly BrokenVersion[] {
    return [...this.#broken.values()].filter((broken) => broken.model === model);
  }

  /** Versions of a model that did not load when they were last tried, whatever the reason. */
  failed(model: string): readonly FailedLoad[] {
    return [...this.#failed.values()].filter((failed) => failed.model === model);
  }

  /** Makes the next request try again. */
  forgive(model: string, version: string): void {
    this.#broken.delete(`${model}@${version}`);
  }

  /** As `forgive`, for every version of a model, or of all of them. */
  forgiveAll(model: string | undefined): void {
    this.pauses.end(model);
    if (model === undefined) this.#broken.clear();
    else for (const { version } of this.allBroken(model)) this.forgive(model, version);
  }

  async #loadOnce(
    context: FlightContext,
    model: string,
    version: string,
    options: LoadOptions,
  ): Promise<LoadOutcome> {
    // Who followed a load that died leads at last, and may find that another follower was faster.
    const ready = this.#deps.models.get(model, version);
    if (ready !== undefined) return ok(ready);
    const outcome = await loadVersion(this.#deps, model, version, context.background, options);
    if (outcome.ok) this.#succeeded(model, version);
    else if (!isCrowdedOut(outcome)) this.#remember(model, version, outcome.failure);
    return outcome;
  }

  #succeeded(model: string, version: string): void {
    this.forgive(model, version);
    this.#failed.delete(`${model}@${version}`);
  }

  #remember(model: string, version: string, failure: LoadFailure): void {
    const { clock, events } = this.#deps;
    const { reason, detail } = failure;
    const last = this.#failed.get(`${model}@${version}`);
    const isKnown = last?.failure.reason === reason && last.failure.detail === detail;
    const sinceMs = last?.failure.reason === reason ? last.sinceMs : clock.now();
    this.#failed.set(`${model}@${version}`, { model, version, failure, sinceMs });
    this.#counts.failed += 1;
    // The store's trouble is not the version's: the next request may try at once.
    if (reason !== "store_unavailable") {
      const forMs = beliefMs(reason);
      this.#broken.set(`${model}@${version}`, {
        model,
        version,
        failure,
        untilMs: clock.now() + forMs,
      });
    }
    if (reason !== "version_not_found" && !isKnown) {
      events.emit({ kind: "version_failed", model, version, reason, detail });
    }
  }
}
