import { modelBytesKey } from "../model/keys.ts";
import type { Manifest } from "../model/manifest.ts";
import { fail, ok, type Result } from "../model/result.ts";
import type { Clock } from "../ports/clock.ts";
import type { Engine } from "../ports/engine.ts";
import type { ObjectStore, StoredObject } from "../ports/object-store.ts";
import { type CachedBytesDeps, cachedBytes } from "./cached-bytes.ts";
import { readManifest } from "./read-manifest.ts";

/** Why a store did not give a version whole. */
export interface FetchFailure {
  readonly reason:
    | "version_not_found"
    | "invalid_manifest"
    | "bytes_missing"
    | "digest_mismatch"
    | "version_overwritten"
    | "model_too_large"
    | "store_unavailable";
  readonly detail: string;
  readonly cause?: unknown;
}

/** Where bytes came from: the data centre's cache, the bucket, the second bucket. */
export type BytesTier = "bytes-cache" | "store" | "backup";

export interface FetchedBytes extends StoredObject {
  readonly from: BytesTier;
}

/** A version whose bytes have the digest of its manifest. */
export interface FetchedVersion {
  readonly manifest: Manifest;
  readonly bytes: FetchedBytes;
}

/** What one store, and the cache before it, answered for each part of a version. */
export interface FetchAttempt {
  readonly manifest: Result<Manifest, FetchFailure>;
  readonly bytes: Result<FetchedBytes, FetchFailure>;
}

export interface FetchDeps extends CachedBytesDeps {
  readonly clock: Clock;
  readonly store: ObjectStore;
  readonly engine: Engine;
}

/** The engine's peak while loading, as a multiple of the file (measured: docs/decisions/0003). */
const LOAD_PEAK_FACTOR = 3.1;

/** The largest file, in bytes, whose load fits into the engine's memory. */
export const maxFileBytes = ({ engine }: { readonly engine: Engine }): number =>
  Math.floor(engine.memory().limitBytes / LOAD_PEAK_FACTOR);

/**
 * Asks for manifest and bytes together: a cold start waits for one round trip to the store, not
 * two. Bytes come from the cache when it has them, else from the store.
 * @param bytesDeadlineMs milliseconds for the bytes, cache and store together
 */
export async function tryFetch(
  deps: FetchDeps,
  model: string,
  version: string,
  bytesDeadlineMs: number,
): Promise<FetchAttempt> {
  const endMs = deps.clock.now() + bytesDeadlineMs;
  const [manifest, bytes] = await Promise.all([
    readManifest(deps.store, model, version),
    nearestBytes(deps, model, version, endMs),
  ]);
  if (!isOfAnother(manifest, bytes)) return { manifest, bytes };
  return { manifest, bytes: await storedBytes(deps, model, version, endMs) };
}

/**
 * Takes an attempt for what it is: a whole version, or why it is none.
 * @param published the digest that it must have, whatever its manifest says; left out, that holds
 */
export function wholeOf(
  { manifest, bytes }: FetchAttempt,
  published?: string,
): Result<FetchedVersion, FetchFailure> {
  if (!manifest.ok) return manifest;
  if (published !== undefined && manifest.value.digest !== published) {
    const detail = replacedWhole(manifest.value, published);
    return fail({ reason: "version_overwritten", detail });
  }
  if (!bytes.ok) return bytes;
  if (bytes.value.sha256 !== manifest.value.digest) return mismatch(manifest.value, bytes.value);
  return ok({ manifest: manifest.value, bytes: bytes.value });
}

/** The cache's hint was of other bytes than the manifest's: only the store knows now. */
const isOfAnother = (manifest: FetchAttempt["manifest"], bytes: FetchAttempt["bytes"]): boolean =>
  manifest.ok &&
  bytes.ok &&
  bytes.value.from === "bytes-cache" &&
  bytes.value.sha256 !== manifest.value.digest;

async function nearestBytes(
  deps: FetchDeps,
  model: string,
  version: string,
  endMs: number,
): Promise<FetchAttempt["bytes"]> {
  const cached = await cachedBytes(deps, model, version, maxFileBytes(deps));
  if (cached !== undefined) return ok({ ...cached, from: "bytes-cache" });
  return storedBytes(deps, model, version, endMs);
}

async function storedBytes(
  deps: Pick<FetchDeps, "store" | "engine" | "clock">,
  model: string,
  version: string,
  endMs: number,
): Promise<FetchAttempt["bytes"]> {
  const maxBytes = maxFileBytes(deps);
  const got = await deps.store.get(modelBytesKey(model, version), {
    deadlineMs: Math.max(1, endMs - deps.clock.now()),
    maxBytes,
    sha256: true,
  });
  if (got.ok) return ok({ ...got.value, from: "store" });
  const { reason, detail, cause } = got.failure;
  if (reason === "absent") {
    return fail({ reason: "bytes_missing", detail: "the manifest is there, model.onnx is not" });
  }
  if (reason === "too_large") {
    return fail({
      reason: "model_too_large",
      detail: `model.onnx is over ${maxBytes} bytes: loading needs about ${LOAD_PEAK_FACTOR} times the file, an isolate's engine has ${deps.engine.memory().limitBytes}`,
    });
  }
  return fail({ reason: "store_unavailable", detail, cause });
}

const mismatch = (
  manifest: Manifest,
  { bytes, sha256 }: StoredObject,
): Result<never, FetchFailure> =>
  fail({
    reason: "digest_mismatch",
    detail: overwritten(manifest, bytes.byteLength, `SHA-256 ${sha256}`),
  });

/** Words for a version whose manifest was overwritten, whether or not its bytes were as well. */
export const replacedWhole = ({ version, digest }: Manifest, published: string): string =>
  `the manifest of version ${version} says ${digest}, the deployment that it was published as ${published}: it was overwritten in the bucket; restore it from the backup, or publish what stands there now as a version of its own`;

/** Words for an object whose bytes are not the version's. */
export const overwritten = (
  { size_bytes, digest }: Manifest,
  sizeBytes: number,
  mark: string,
): string =>
  `model.onnx is ${sizeBytes} bytes with ${mark}, the manifest says ${size_bytes} bytes and ${digest}: the object was overwritten or damaged`;
