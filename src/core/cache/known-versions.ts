import { LRUCache } from "lru-cache";
import type { Manifest } from "../model/manifest.ts";
import type { TensorSpec } from "../model/tensor.ts";
import type { CachedPrediction } from "./cached-prediction.ts";
import type { LoadedVersion } from "./model-cache.ts";
import { keyPrefix, outputsKey } from "./prediction-key.ts";

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

const MAX_VERSIONS = 200;

/** The versions that were loaded in this isolate, least recently used out first. */
export class KnownVersions {
  readonly #versions = new LRUCache<string, KnownVersion>({ max: MAX_VERSIONS });
  // One object for each: doors keep by it what they have written of it.
  readonly #answering = new LRUCache<string, AnsweringVersion>({ max: MAX_VERSIONS });

  /** What is known of a version that was loaded before. */
  find(model: string, version: string): KnownVersion | undefined {
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
  forget(model: string, version: string): void {
    this.#versions.delete(`${model}@${version}`);
  }

  /** What answers of a kept prediction name: the version asked, or what computed it in its place. */
  answering(prediction: CachedPrediction, asked: KnownVersion): AnsweringVersion {
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

  /** The digests that a model's versions were loaded by. */
  digestsOf(model: string): ReadonlySet<string> {
    const known = [...this.#versions.values()].filter((version) => version.model === model);
    return new Set(known.map(({ digest }) => digest));
  }
}
