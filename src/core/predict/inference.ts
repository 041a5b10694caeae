import type { CachedPrediction } from "../cache/cached-prediction.ts";
import type { AnsweringVersion, KnownVersion } from "../cache/known-versions.ts";
import type { PredictionCache } from "../cache/prediction-cache.ts";
import type { KeyParts, KeySlot } from "../cache/prediction-key.ts";
import type { PredictionPolicy } from "../cache/prediction-policy.ts";
import type { FlightContext } from "../cache/single-flight.ts";
import type { ServeFailure } from "../model/failure.ts";
import type { MaybePromise } from "../model/maybe-promise.ts";
import type { Reference } from "../model/reference.ts";
import type { Result } from "../model/result.ts";
import type { PremiumStrategy, Strategy } from "../model/strategies.ts";
import type { Tensor, TensorSpec } from "../model/tensor.ts";
import type { Events } from "../ports/events.ts";
import type { AskStickiness } from "../routing/resolve.ts";
import type { AcquireDeps, ModelCacheOutcome } from "./acquire.ts";
import type { JoinRuns } from "./joining/join-runs.ts";
import type { StatisticsBook, VersionStatistics } from "./statistics.ts";

export interface InferDeps extends AcquireDeps {
  readonly statistics: StatisticsBook;
  readonly events: Events;
  /** Missing where nothing can be kept. */
  readonly predictions?: PredictionCache | undefined;
  /** Missing where no rows of several requests are run together. */
  readonly joining?: JoinRuns | undefined;
  /** Missing where no better answer is looked for. */
  readonly premium?: Premium | undefined;
}

/**
 * What a caller wants of the prediction cache (RFC 9111, section 5.2.1): nothing special, an
 * answer that is computed now (`no-cache`), one that is not kept either (`no-store`), or a kept
 * one only where it is young or fresh enough.
 */
export type CacheWish = "any" | "no-cache" | "no-store" | KeptWish;

/** `max-age` and `min-fresh`, in seconds: no older than the one, fresh for more than the other. */
export interface KeptWish {
  readonly maxAgeS: number;
  readonly minFreshS: number;
}

export interface InferRequest {
  readonly reference: Reference;
  readonly stickiness: AskStickiness;
  /** As it is logged; left out where no work outlives the request. */
  readonly requestId?: string | undefined;
  /** Of the conversation that it is asked in, as a premium job tells it. */
  readonly conversationId?: string | undefined;
  /** Asked only for a model whose predictions are kept: headers cost. Left out: `any`. */
  readonly cacheWish?: (() => CacheWish) | undefined;
  /** The tensors, or a way to make them once the model's inputs are known (raw requests carry no names or shapes). */
  readonly inputs:
    | readonly Tensor[]
    | ((specs: readonly TensorSpec[]) => Result<readonly Tensor[], ServeFailure>);
  /** Names of the outputs to compute; left out or empty means all. */
  readonly outputs?: readonly string[] | undefined;
  /** Of inputs that come again and again: their key is made once. They must never change then. */
  readonly keySlot?: KeySlot | undefined;
  /** A run that nobody waits for: it is not counted as a request. */
  readonly renews?: boolean;
}

export type { AnsweringVersion } from "../cache/known-versions.ts";

/** An answer that was there. */
export interface CacheHit {
  readonly tier: "isolate" | "redis";
  readonly ageMs: number;
  /** Left of its freshness; below 0 it is stale and being renewed. */
  readonly ttlMs: number;
  /** Whether the isolate keeps answers to this at all, and whether it has this one now. */
  readonly isolate: boolean;
  readonly stored: boolean;
  readonly key: string;
  readonly prediction: CachedPrediction;
}

/** An answer that had to be computed although the model's predictions are kept. */
export interface CacheMiss {
  readonly tier: "none";
  /** `request`: the caller wanted it so. */
  readonly why: "miss" | "request";
  /** Computed for another request that this one joined. */
  readonly collapsed: boolean;
  /** Whether the isolate keeps answers to this at all, and whether it has this one now. */
  readonly isolate: boolean;
  readonly stored: boolean;
  /** Whether Redis is used for this model. */
  readonly redis: boolean;
}

/** One answered request, and what produced it. */
export interface Inference {
  /** What computed it. */
  readonly loaded: AnsweringVersion;
  readonly route: string;
  readonly strategy: Strategy;
  /** The durable job that will bring a premium answer: acknowledged to the caller, so it must not be lost. */
  readonly job?: string | undefined;
  readonly modelCache: ModelCacheOutcome;
  /** Left out for a model whose predictions are not kept. */
  readonly cached?: CacheHit | CacheMiss;
  readonly outputs: readonly Tensor[];
  /** Milliseconds until session or kept answer were there, and of the run. */
  readonly acquireMs: number;
  readonly runMs: number;
}

/** A request as the prediction cache sees it: one version, checked inputs, named outputs. */
export interface Sought {
  readonly version: KnownVersion;
  readonly parts: KeyParts;
  /** Names of the outputs, in the order of the answer. */
  readonly outputs: readonly string[];
  /** What computes it: of this very version, whatever the route says by then. */
  readonly request: InferRequest;
}

/** What keeps one model's predictions. */
export interface Caching {
  readonly predictions: PredictionCache;
  readonly policy: PredictionPolicy;
  /** What answers better and slower beside the route's version; missing where there is nothing. */
  readonly strategy?: PremiumStrategy | undefined;
}

/** One request of a model whose predictions are kept, from where it is known what it asks for. */
export interface Story {
  readonly deps: InferDeps;
  readonly caching: Caching;
  readonly context: FlightContext;
  readonly sought: Sought;
  /** Of the answer in the isolate's cache. */
  readonly key: string;
  readonly route: string;
  readonly page: VersionStatistics;
  readonly startedMs: number;
  readonly requestId: string;
  readonly conversationId?: string | undefined;
  /** What the caller wants of an answer that is kept; `undefined`: any will do. */
  readonly wanted: KeptWish | undefined;
}

/** The way to a better answer than the route's version gives: kept already, in time, or later. */
export interface Premium {
  /**
   * A premium answer that the isolate has kept, for those who ask for none. No I/O.
   * @param key of the fast answer
   */
  kept(key: string, strategy: PremiumStrategy): CachedPrediction | undefined;
  /**
   * Answers as well as it can be done without waiting longer than the strategy allows.
   * @param fast the answer of the route's version; called at most once
   */
  answer(
    story: Story,
    strategy: PremiumStrategy,
    fast: () => MaybePromise<Result<Inference, ServeFailure>>,
  ): Promise<Result<Inference, ServeFailure>>;
}
