import type { LoadedVersion, ModelCache } from "../cache/model-cache.ts";
import type { ServeFailure } from "../model/failure.ts";
import { manifestKey, modelBytesKey } from "../model/keys.ts";
import { type Manifest, manifestSchema } from "../model/manifest.ts";
import { fail, ok, type Result } from "../model/result.ts";
import type { Bytes } from "../model/tensor.ts";
import type { Clock } from "../ports/clock.ts";
import type { Engine, EngineSession, OpenFailure } from "../ports/engine.ts";
import type { Events } from "../ports/events.ts";
import type { ObjectStore, StoredObject, StoreFailure } from "../ports/object-store.ts";
import { readDocument } from "./read-document.ts";

/**
 * Why a version could not be loaded. `store_unavailable` says nothing about the
 * version and may pass; the others stay true, since a version never changes.
 */
export interface LoadFailure {
  readonly reason:
    | "version_not_found"
    | "invalid_manifest"
    | "bytes_missing"
    | "digest_mismatch"
    | "model_too_large"
    | OpenFailure["reason"]
    | "store_unavailable";
  readonly detail: string;
  readonly cause?: unknown;
}

export interface LoadDeps {
  readonly store: ObjectStore;
  readonly engine: Engine;
  readonly models: ModelCache;
  readonly clock: Clock;
  readonly events: Events;
}

/** Milliseconds that fetching a version's bytes may take: under `waitUntil`'s 30 s, with time left to open it. */
const BYTES_DEADLINE_MS = 20_000;

/** The longest a load's I/O can take, in milliseconds. */
export const LOAD_DEADLINE_MS = BYTES_DEADLINE_MS;

/** The engine's peak while loading, as a multiple of the file (measured: docs/decisions/0003). */
const LOAD_PEAK_FACTOR = 3.1;

/**
 * Fetches one version, verifies its digest, opens it in the engine and takes it
 * into the model cache. Two GETs at once; holds the file's bytes and about three
 * times that in the engine at the peak.
 */
export async function loadVersion(
  deps: LoadDeps,
  model: string,
  version: string,
): Promise<Result<LoadedVersion, LoadFailure>> {
  const startedMs = deps.clock.now();
  // Asked for together: a cold start waits for one round trip, not two.
  const [manifest, bytes] = await Promise.all([
    readManifest(deps.store, model, version),
    fetchBytes(deps, model, version),
  ]);
  if (!manifest.ok) return manifest;
  if (!bytes.ok) return bytes;
  if (bytes.value.sha256 !== manifest.value.digest) return mismatch(manifest.value, bytes.value);
  const session = await openWithRoom(deps, bytes.value.bytes);
  if (!session.ok) return session;
  return keep(deps, startedMs, manifest.value, bytes.value.etag, session.value);
}

/** Words a failed load for the caller of a request. */
export function toServeFailure(model: string, version: string, failure: LoadFailure): ServeFailure {
  const { reason, detail, cause } = failure;
  if (reason === "version_not_found" || reason === "store_unavailable")
    return { reason, detail, cause };
  return {
    reason: "model_unavailable",
    detail: `model '${model}' version '${version}' cannot be served (${reason}): ${detail}`,
    cause,
  };
}

async function readManifest(
  store: ObjectStore,
  model: string,
  version: string,
): Promise<Result<Manifest, LoadFailure>> {
  const read = await readDocument(store, manifestKey(model, version), manifestSchema);
  if (!read.ok) {
    const { failure } = read;
    if (failure.reason === "absent") {
      return fail({
        reason: "version_not_found",
        detail: `model '${model}' has no version '${version}'`,
      });
    }
    if (failure.reason === "invalid_document") {
      return fail({ reason: "invalid_manifest", detail: failure.detail });
    }
    return storeFailed(failure);
  }
  const manifest = read.value.value;
  if (manifest.name !== model || manifest.version !== version) {
    return fail({
      reason: "invalid_manifest",
      detail: `the manifest of ${model} version ${version} calls itself ${manifest.name} version ${manifest.version}`,
    });
  }
  return ok(manifest);
}

/** The largest file, in bytes, whose load fits into the engine's memory. */
export const maxFileBytes = ({ engine }: Pick<LoadDeps, "engine">): number =>
  Math.floor(engine.memory().limitBytes / LOAD_PEAK_FACTOR);

async function fetchBytes(
  deps: LoadDeps,
  model: string,
  version: string,
): Promise<Result<StoredObject, LoadFailure>> {
  const maxBytes = maxFileBytes(deps);
  const got = await deps.store.get(modelBytesKey(model, version), {
    deadlineMs: BYTES_DEADLINE_MS,
    maxBytes,
    sha256: true,
  });
  if (got.ok) return got;
  if (got.failure.reason === "absent") {
    return fail({ reason: "bytes_missing", detail: "the manifest is there, model.onnx is not" });
  }
  if (got.failure.reason === "too_large") {
    return fail({
      reason: "model_too_large",
      detail: `model.onnx is over ${maxBytes} bytes: loading needs about ${LOAD_PEAK_FACTOR} times the file, an isolate's engine has ${deps.engine.memory().limitBytes}`,
    });
  }
  return storeFailed(got.failure);
}

const mismatch = (
  manifest: Manifest,
  { bytes, sha256 }: StoredObject,
): Result<never, LoadFailure> =>
  fail({
    reason: "digest_mismatch",
    detail: `model.onnx is ${bytes.byteLength} bytes with SHA-256 ${sha256}, the manifest says ${manifest.size_bytes} bytes and ${manifest.digest}: the object was changed or damaged`,
  });

/** Opens a model; when the engine is full, lets go of every idle one and tries once more. */
async function openWithRoom(
  deps: LoadDeps,
  bytes: Bytes,
): Promise<Result<EngineSession, OpenFailure>> {
  deps.models.makeRoom(bytes.byteLength);
  const opened = await deps.engine.open(bytes);
  if (opened.ok || opened.failure.reason !== "out_of_memory") return opened;
  deps.models.makeRoom(deps.models.maxBytes);
  return deps.engine.open(bytes);
}

async function keep(
  deps: LoadDeps,
  startedMs: number,
  manifest: Manifest,
  etag: string,
  session: EngineSession,
): Promise<Result<LoadedVersion, LoadFailure>> {
  const { name: model, version, digest } = manifest;
  const { memoryBytes } = session;
  const now = deps.clock.now();
  const loaded: LoadedVersion = {
    model,
    version,
    digest,
    etag,
    manifest,
    session,
    memoryBytes,
    loadedAtMs: now,
  };
  if (!deps.models.add(loaded)) {
    await session.release();
    return fail({
      reason: "model_too_large",
      detail: `it takes ${memoryBytes} bytes of memory; MODEL_CACHE_MAX_BYTES is ${deps.models.maxBytes}`,
    });
  }
  deps.events.emit({
    kind: "version_loaded",
    model,
    version,
    digest,
    sizeBytes: manifest.size_bytes,
    memoryBytes,
    durationMs: now - startedMs,
  });
  return ok(loaded);
}

const storeFailed = (failure: StoreFailure): Result<never, LoadFailure> =>
  fail({ reason: "store_unavailable", detail: failure.detail, cause: failure.cause });
