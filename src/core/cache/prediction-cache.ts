import { LRUCache } from "lru-cache";
import type { Deployment } from "../model/deployment.ts";
import type { ServeFailure } from "../model/failure.ts";
import type { Manifest } from "../model/manifest.ts";
import type { Result } from "../model/result.ts";
import type { Strategy } from "../model/strategies.ts";
import type { Tensor, TensorSpec } from "../model/tensor.ts";
import type { Clock } from "../ports/clock.ts";
import type { Digest } from "../ports/digest.ts";
import type { Events } from "../ports/events.ts";
import { type CachedPrediction, type Landing, sizeOf } from "./cached-prediction.ts";
import type { LoadedVersion } from "./model-cache.ts";
import { hashKey, type KeyParts, keyPrefix, outputsKey, slottedKey } from "./prediction-key.ts";
import {
  effectivePolicy,
  type PredictionDefaults,
  type PredictionPolicy,
} from "./prediction-policy.ts";
import type { RedisPredictions, RedisStats } from "./redis-predictions.ts";
import { SingleFlight } from "./single-flight.ts";

/** A version's immutable facts: enough to answer from the cache after its session has gone. */
export interface KnownVersion {
  readonly model: string;
  readonly version: string;
  readonly digest: string;
  readonly etag: string;
  readonly manifest: Manifest;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly keyPrefix: string;
  /** Of all outputs, in the model's order. */
  readonly allOutputsKey: string;
}

/** What an answer names as the one that computed it; `digest` and `etag` are empty for what is not of this bucket. */
export type AnsweringVersion = Pick<
  KnownVersion,
  "model" | "version" | "digest" | "etag" | "manifest"
>;

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
const MAX_VERSIONS = 200;
const JITTER = 0.1;
/** `waitUntil` lives 30 s: a renewal that has not ended by then never will. */
const RENEWAL_MAX_MS = 30_000;
const RENEWAL_PAUSE_MS = 1_000;
const MAX_RENEWALS = 1_000;

/**
 * The predictions of an isolate, within a budget of bytes, least recently used out first, and how
 * they are kept in Redis. Keys are made of a version's digest, the inputs and the outputs asked
 * for: a promotion or a rollback invalidates nothing. Values are plain data and cross requests.
 */
export class PredictionCache {
  /** One computation per key, however many requests miss it. */
  readonly flights = new SingleFlight<Result<Landing, ServeFailure>>(FOLLOW_MS);
  readonly #options: PredictionCacheOptions;
  readonly #entries: LRUCache<string, CachedPrediction> | undefined;
  readonly #versions = new LRUCache<string, KnownVersion>({ max: MAX_VERSIONS });
  // One object for each: doors keep by it what they have written of it.
  readonly #answering = new LRUCache<string, AnsweringVersion>({ max: MAX_VERSIONS });
  readonly #policies = new WeakMap<Deployment, { readonly policy: PredictionPolicy | undefined }>();
  // Until when a key is left to the one who renews it, or alone after a failure.
  readonly #renewals = new LRUCache<string, number>({ max: MAX_RENEWALS });
  readonly #counts = { hits: 0, misses: 0, stale: 0, evictions: 0, errors: 0 };
  #generation = 0;

  constructor(options: PredictionCacheOptions) {
    this.#options = options;
    const { maxBytes } = options;
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

  /** What is known of a version that was loaded in this isolate before. */
  knownVersion(model: string, version: string): KnownVersion | undefined {
    return this.#versions.get(`${model}@${version}`);
  }

  learn({ model, version, digest, etag, manifest, session }: LoadedVersion): KnownVersion {
    const { inputs, outputs } = session;
    const known: KnownVersion = {
      model,
      version,
      digest,
      etag,
      manifest,
      inputs,
      outputs,
      keyPrefix: keyPrefix(digest, inputs),
      allOutputsKey: outputsKey(outputs.map(({ name }) => name)),
    };
    this.#versions.set(`${model}@${version}`, known);
    return known;
  }

  /** For a version that was unloaded: it is loaded again before it answers, from the cache as well. */
  forgetVersion(model: string, version: string): void {
    this.#versions.delete(`${model}@${version}`);
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

  /** What answers of a kept prediction name: the version asked, or what computed it in its place. */
  answeringVersion(prediction: CachedPrediction, asked: KnownVersion): AnsweringVersion {
    // Equal bytes under another name share predictions: each answers in its own.
    if (prediction.strategy === "fast") return asked;
    const { model, version, digest } = prediction;
    const key = JSON.stringify([model, version, digest, asked.model, asked.version]);
    const known = this.#answering.get(key);
    if (known !== undefined) return known;
    const made = { model, version, digest, etag: "", manifest: asked.manifest };
    this.#answering.set(key, made);
    return made;
  }

  /** What was computed, as it is kept. */
  make({ version, outputs, policy, premium }: MadePrediction): CachedPrediction {
    const { clock, random } = this.#options;
    const createdAtMs = clock.now();
    const ttlMs = Math.round(policy.ttlMs * (1 - JITTER + 2 * JITTER * random()));
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

  /** True for the one who is to renew a stale prediction; it then says how it ended. */
  claimRenewal(key: string, nowMs: number): boolean {
    if (nowMs < (this.#renewals.get(key) ?? 0)) return false;
    this.#renewals.set(key, nowMs + RENEWAL_MAX_MS);
    return true;
  }

  /** After a failure nobody tries again for a second. */
  endRenewal(key: string, succeeded: boolean): void {
    if (succeeded) {
      this.#renewals.delete(key);
      return;
    }
    this.#counts.errors += 1;
    this.#renewals.set(key, this.#options.clock.now() + RENEWAL_PAUSE_MS);
  }

  /** Raised by everything that clears: work that began before keeps nothing. */
  get generation(): number {
    return this.#generation;
  }

  /** Forgets every prediction of this isolate. Redis forgets with a new epoch. */
  clear(): void {
    this.#generation += 1;
    this.#entries?.clear();
    this.#renewals.clear();
  }

  /** Forgets a model's predictions in this isolate, those of equal bytes under another name included. */
  clearModel(model: string): void {
    this.#generation += 1;
    const digests = new Set<string>();
    for (const known of this.#versions.values()) {
      if (known.model === model) digests.add(known.digest);
    }
    for (const [key, entry] of [...(this.#entries?.entries() ?? [])]) {
      if (entry.model === model || digests.has(entry.askedDigest)) this.#entries?.delete(key);
    }
  }

  stats(): { readonly isolate: IsolateStats; readonly redis: RedisStats | undefined } {
    return {
      isolate: {
        entries: this.#entries?.size ?? 0,
        bytes: this.#entries?.calculatedSize ?? 0,
        max_bytes: this.#options.maxBytes,
        ...this.#counts,
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
