import { LRUCache } from "lru-cache";
import type { Deployment } from "../model/deployment.ts";
import type { ServeFailure } from "../model/failure.ts";
import type { Result } from "../model/result.ts";
import type { Strategy } from "../model/strategies.ts";
import type { Tensor } from "../model/tensor.ts";
import type { Clock } from "../ports/clock.ts";
import type { Digest } from "../ports/digest.ts";
import type { Events } from "../ports/events.ts";
import { type CachedPrediction, type Landing, sizeOf } from "./cached-prediction.ts";
import { ClearedMoments } from "./cleared-moments.ts";
import { type AnsweringVersion, type KnownVersion, KnownVersions } from "./known-versions.ts";
import { hashKey, type KeyParts, slottedKey } from "./prediction-key.ts";
import {
  effectivePolicy,
  type PredictionDefaults,
  type PredictionPolicy,
  spreadFreshMs,
} from "./prediction-policy.ts";
import type { RedisPredictions, RedisStats } from "./redis-predictions.ts";
import { Renewals } from "./renewals.ts";
import { SingleFlight } from "./single-flight.ts";

/** What was computed, to be kept. */
export interface MadePrediction {
  /** The version that was asked. */
  readonly version: Pick<KnownVersion, "model" | "version" | "digest">;
  readonly outputs: readonly Tensor[];
  readonly policy: Pick<PredictionPolicy, "ttlMs" | "staleMs">;
  /** What computed it, when that was another one. */
  readonly premium?: Pick<AnsweringVersion, "model" | "version" | "digest">;
}

export interface PredictionCacheOptions {
  /** Budget of the isolate's tier; 0: there is none. */
  readonly maxBytes: number;
  readonly defaults: PredictionDefaults;
  /** The deployment as this isolate knows it. No I/O. */
  readonly deploymentOf: (model: string) => Deployment | undefined;
  readonly redis: RedisPredictions | undefined;
  /** Raised by every order to clear, for all isolates; `undefined` while it is not known. */
  readonly epochOf: () => number | undefined;
  readonly clock: Pick<Clock, "now">;
  readonly digest: Digest;
  readonly events: Events;
  /** 0 ≤ r < 1: spreads expiry, so that what was made together does not end together. */
  readonly random: () => number;
}

export interface IsolateStats {
  readonly entries: number;
  readonly bytes: number;
  readonly max_bytes: number;
  readonly hits: number;
  readonly misses: number;
  readonly stale: number;
  readonly evictions: number;
  /** Renewals that failed. */
  readonly errors: number;
}

// Longer than the longest work: asking Redis, then loading a model.
const FOLLOW_MS = 25_000;

/**
 * The predictions of an isolate, within a budget of bytes, least recently used out first, and how
 * they are kept in Redis. Keys are made of a version's digest, the inputs and the outputs asked
 * for: a promotion or a rollback invalidates nothing. Values are plain data and cross requests.
 */
export class PredictionCache {
  /** One computation per key, however many requests miss it. */
  readonly flights = new SingleFlight<Result<Landing, ServeFailure>>(FOLLOW_MS);
  /** What answers name and are checked by, also after a version's session has gone. */
  readonly versions = new KnownVersions();
  /** Who makes stale predictions anew. */
  readonly renewals: Renewals;
  readonly #options: PredictionCacheOptions;
  readonly #entries: LRUCache<string, CachedPrediction> | undefined;
  readonly #policies = new WeakMap<Deployment, { readonly policy: PredictionPolicy | undefined }>();
  readonly #counts = { hits: 0, misses: 0, stale: 0, evictions: 0 };
  readonly #cleared = new ClearedMoments();
  #generation = 0;

  constructor(options: PredictionCacheOptions) {
    this.#options = options;
    const { maxBytes, clock } = options;
    this.renewals = new Renewals(clock);
    if (maxBytes > 0) {
      this.#entries = new LRUCache<string, CachedPrediction>({
        maxSize: maxBytes,
        sizeCalculation: sizeOf,
        dispose: (entry, key, why) => {
          if (why === "evict") this.#evicted(entry, key);
        },
      });
    }
  }

  get redis(): RedisPredictions | undefined {
    return this.#options.redis;
  }

  deploymentOf(model: string): Deployment | undefined {
    return this.#options.deploymentOf(model);
  }

  /** How a deployment's answers are kept; `undefined` when they are not. */
  policyOf(deployment: Deployment): PredictionPolicy | undefined {
    const known = this.#policies.get(deployment);
    if (known !== undefined) return known.policy;
    const { defaults, redis } = this.#options;
    const tiers = { isolate: this.#entries !== undefined, redis: redis !== undefined };
    const policy = effectivePolicy(defaults, deployment, tiers);
    this.#policies.set(deployment, { policy });
    return policy;
  }

  /** Whether this model's answers are kept, as far as this isolate knows. No I/O. */
  keepsAnswersOf(model: string): boolean {
    const deployment = this.#options.deploymentOf(model);
    return deployment !== undefined && this.policyOf(deployment) !== undefined;
  }

  /** The key in the isolate: at once for small inputs, which need no hash. */
  keyOf(parts: KeyParts): string | Promise<string> {
    return slottedKey(parts) ?? hashKey(this.#options.digest, parts);
  }

  /**
   * The part of Redis' key space that is in use: a new epoch leaves what lies under the earlier
   * ones unread, until it expires. `undefined` before this isolate knows it: Redis may then hold
   * what somebody has cleared, and is not asked.
   */
  get epoch(): string | undefined {
    return this.#options.epochOf()?.toString();
  }

  /** The key in Redis, of one epoch: always a SHA-256. */
  async redisKeyOf(epoch: string, parts: KeyParts): Promise<string> {
    return `pred:${epoch}:${await hashKey(this.#options.digest, parts)}`;
  }

  /** What may be answered now, fresh or stale; now the most recently used. Counted. */
  get(key: string, nowMs: number): CachedPrediction | undefined {
    const found = this.find(key, nowMs);
    if (found === undefined) this.#counts.misses += 1;
    return found;
  }

  /** As `get`, of what nobody misses: only a hit is counted. */
  find(key: string, nowMs: number): CachedPrediction | undefined {
    const found = this.#entries?.get(key);
    if (found === undefined) return undefined;
    if (nowMs >= found.staleUntilMs) {
      this.#entries?.delete(key);
      return undefined;
    }
    if (nowMs < found.freshUntilMs) this.#counts.hits += 1;
    else this.#counts.stale += 1;
    return found;
  }

  /** As `get`, uncounted, the order left as it is, and only what is fresh. */
  peekFresh(key: string, nowMs: number): CachedPrediction | undefined {
    const found = this.#entries?.peek(key);
    return found !== undefined && nowMs < found.freshUntilMs ? found : undefined;
  }

  /** What was computed, as it is kept. */
  make({ version, outputs, policy, premium }: MadePrediction): CachedPrediction {
    const { clock, random } = this.#options;
    const createdAtMs = clock.now();
    const ttlMs = spreadFreshMs(policy, random());
    const by = premium ?? version;
    const strategy: Strategy = premium === undefined ? "fast" : "premium";
    return {
      model: by.model,
      version: by.version,
      digest: by.digest,
      askedDigest: version.digest,
      strategy,
      outputs,
      createdAtMs,
      freshUntilMs: createdAtMs + ttlMs,
      staleUntilMs: createdAtMs + ttlMs + policy.staleMs,
    };
  }

  /**
   * Keeps a prediction in the isolate; false when it alone is over the budget, or the cache was
   * cleared since `generation`: it may be what somebody wanted gone.
   */
  keep(key: string, prediction: CachedPrediction, generation: number): boolean {
    if (this.#entries === undefined || generation !== this.#generation) return false;
    this.#entries.set(key, prediction);
    // What is too large is silently not taken in, and pushes out what it would have replaced.
    return this.#entries.peek(key) === prediction;
  }

  /** Keeps what a door has written of a kept prediction's outputs, so that the next hit need not. */
  keepWritten(key: string, prediction: CachedPrediction, written: string): void {
    if (this.#entries?.peek(key) !== prediction) return;
    const kept = { ...prediction, written };
    // Not at the price of the entry itself.
    if (sizeOf(kept, key) <= this.#options.maxBytes) this.#entries.set(key, kept);
  }

  /** Raised by everything that clears: work that began before keeps nothing. */
  get generation(): number {
    return this.#generation;
  }

  /** Forgets every prediction of this isolate. Redis forgets with a new epoch. */
  clear(): void {
    this.#generation += 1;
    this.#entries?.clear();
    this.renewals.clear();
  }

  /** Forgets a model's predictions in this isolate, those of equal bytes under another name included. */
  clearModel(model: string): void {
    this.#generation += 1;
    const digests = this.versions.digestsOf(model);
    for (const [key, entry] of [...(this.#entries?.entries() ?? [])]) {
      if (entry.model === model || digests.has(entry.askedDigest)) this.#entries?.delete(key);
    }
  }

  /**
   * Takes what Redis holds by now of one model, or of all, for cleared: for whoever clears, since
   * Redis may not have taken the new epoch. Forgotten once there is another epoch.
   */
  distrustRedis(model: string | undefined): void {
    const digests = model === undefined ? [] : this.versions.digestsOf(model);
    this.#cleared.add(this.epoch, this.#options.clock.now(), { model, digests });
  }

  /** When a version's answers were cleared here last: what Redis holds from until then is none. */
  clearedAtMs(version: Pick<KnownVersion, "model" | "digest">): number {
    return this.#cleared.of(this.epoch, version);
  }

  stats(): { readonly isolate: IsolateStats; readonly redis: RedisStats | undefined } {
    return {
      isolate: {
        entries: this.#entries?.size ?? 0,
        bytes: this.#entries?.calculatedSize ?? 0,
        max_bytes: this.#options.maxBytes,
        ...this.#counts,
        errors: this.renewals.failures,
      },
      redis: this.#options.redis?.stats(),
    };
  }

  #evicted(entry: CachedPrediction, key: string): void {
    this.#counts.evictions += 1;
    const { model, version } = entry;
    this.#options.events.emit({
      kind: "prediction_evicted",
      model,
      version,
      sizeBytes: sizeOf(entry, key),
    });
  }
}
