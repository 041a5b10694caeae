import { LRUCache } from "lru-cache";
import type { LoadedVersion } from "../cache/model-cache.ts";
import { type FlightContext, type Landed, SingleFlight } from "../cache/single-flight.ts";
import { ok, type Result } from "../model/result.ts";
import { LOAD_DEADLINE_MS, type LoadDeps, type LoadFailure, loadVersion } from "./load-version.ts";

type LoadOutcome = Result<LoadedVersion, LoadFailure>;

/** A version that cannot be loaded, and until when that is believed without another try. */
export interface BrokenVersion {
  readonly model: string;
  readonly version: string;
  readonly failure: LoadFailure;
  readonly untilMs: number;
}

const MAX_BROKEN = 1_000;
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

/** Loads each version once however many requests ask, and remembers for a while what cannot be loaded. */
export class VersionLoader {
  readonly #deps: LoadDeps;
  readonly #flights = new SingleFlight<LoadOutcome>(LOAD_DEADLINE_MS + 1_000);
  readonly #counts = { asked: 0, failed: 0 };
  readonly #broken = new LRUCache<string, BrokenVersion>({ max: MAX_BROKEN });

  constructor(deps: LoadDeps) {
    this.#deps = deps;
  }

  /** The loaded version. `collapsed` when another request's load was used. */
  async load(context: FlightContext, model: string, version: string): Promise<Landed<LoadOutcome>> {
    this.#counts.asked += 1;
    const known = this.broken(model, version);
    if (known !== undefined && this.#deps.clock.now() < known.untilMs) {
      return { value: { ok: false, failure: known.failure }, collapsed: false };
    }
    return this.#flights.join(context, `${model}@${version}`, () =>
      this.#loadOnce(context, model, version),
    );
  }

  /** Since the isolate began: versions that were asked for and were not loaded, and loads that failed. */
  get counts(): { readonly asked: number; readonly failed: number } {
    return this.#counts;
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

  /** Makes the next request try again. */
  forgive(model: string, version: string): void {
    this.#broken.delete(`${model}@${version}`);
  }

  /** As `forgive`, for every version of a model, or of all of them. */
  forgiveAll(model: string | undefined): void {
    if (model === undefined) this.#broken.clear();
    else for (const { version } of this.allBroken(model)) this.forgive(model, version);
  }

  async #loadOnce(context: FlightContext, model: string, version: string): Promise<LoadOutcome> {
    // Who followed a load that died leads at last, and may find that another follower was faster.
    const ready = this.#deps.models.get(model, version);
    if (ready !== undefined) return ok(ready);
    const outcome = await loadVersion(this.#deps, model, version, context.background);
    if (outcome.ok) this.forgive(model, version);
    else this.#remember(model, version, outcome.failure);
    return outcome;
  }

  #remember(model: string, version: string, failure: LoadFailure): void {
    const { clock, events } = this.#deps;
    const { reason, detail } = failure;
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
    if (reason !== "version_not_found") {
      events.emit({ kind: "version_failed", model, version, reason, detail });
    }
  }
}
