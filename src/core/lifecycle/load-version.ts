import type { LoadedVersion, ModelCache } from "../cache/model-cache.ts";
import type { ServeFailure } from "../model/failure.ts";
import { fail, ok, type Result } from "../model/result.ts";
import type { Bytes } from "../model/tensor.ts";
import type { Background } from "../ports/background.ts";
import type { BytesCache } from "../ports/bytes-cache.ts";
import type { Clock } from "../ports/clock.ts";
import type { Engine, EngineSession, OpenFailure } from "../ports/engine.ts";
import type { Events } from "../ports/events.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import type { SpareRequest } from "./backup/fetch-spare.ts";
import { keepBytes } from "./cached-bytes.ts";
import { type FetchedVersion, type FetchFailure, tryFetch, wholeOf } from "./fetch-version.ts";
import { openWithRoom } from "./open-with-room.ts";
import { applySignaturePolicy, type SignatureRules } from "./signature/apply-policy.ts";
import type { SignatureFailure } from "./signature/check-signature.ts";

/**
 * Why a version could not be loaded. `store_unavailable` says nothing about the
 * version and may pass; the others stay true, since a version never changes.
 */
export interface LoadFailure {
  readonly reason:
    | FetchFailure["reason"]
    | SignatureFailure["reason"]
    | OpenFailure["reason"]
    | NoRoom["reason"];
  readonly detail: string;
  readonly cause?: unknown;
}

/** It fits only at the cost of what it may not cost: for whoever has brought an `OpenWithin`. */
export interface NoRoom {
  readonly reason: "crowded_out";
  readonly detail: string;
}

/** Opens a session that fits into the model cache's budget without pushing out what is needed more. */
export type OpenWithin = (bytes: Bytes) => Promise<Result<EngineSession, OpenFailure | NoRoom>>;

export interface LoadDeps {
  readonly store: ObjectStore;
  readonly engine: Engine;
  readonly models: ModelCache;
  readonly clock: Clock;
  readonly events: Events;
  /** Asked for bytes before any store; missing where the platform has none. */
  readonly bytesCache?: BytesCache | undefined;
  /** Asked for what the first store cannot give whole; missing when there is none. */
  readonly backupStore?: ObjectStore | undefined;
  /** Missing: signatures are not looked at. */
  readonly signatures?: SignatureRules;
  /** Whether a model's bytes come from a store each time, past the bytes cache. No I/O. */
  readonly forcesReload?: (model: string) => boolean;
  /** The digest that a version is known to have been published with. No I/O. */
  readonly publishedDigest?: (model: string, version: string) => string | undefined;
}

export interface LoadOptions {
  /** In place of whatever room it takes. */
  readonly openWithin?: OpenWithin | undefined;
  /** What the version must be, where a pointer says so that this isolate does not go by yet. */
  readonly published?: string | undefined;
}

/** Milliseconds that fetching a version's bytes may take: under `waitUntil`'s 30 s, with time left to open it. */
const BYTES_DEADLINE_MS = 20_000;

/** With a second store to ask, the first may not use up the time of both. */
const FIRST_BYTES_DEADLINE_MS = 8_000;

/** The longest a load's I/O can take, in milliseconds. */
export const LOAD_DEADLINE_MS = BYTES_DEADLINE_MS;

/**
 * Fetches one version, verifies its digest, opens it in the engine and takes it
 * into the model cache. Two GETs at once, or one when the bytes cache has the bytes; holds the
 * file's bytes and about three times that in the engine at the peak. What the first store cannot
 * give whole comes from the second, verified all the same. `background` gets the repair of the
 * first, and the keeping of bytes that the bytes cache did not have.
 */
export async function loadVersion(
  given: LoadDeps,
  model: string,
  version: string,
  background: Background,
  { openWithin, published }: LoadOptions = {},
): Promise<Result<LoadedVersion, LoadFailure>> {
  const deps = given.forcesReload?.(model) === true ? { ...given, bytesCache: undefined } : given;
  const startedMs = deps.clock.now();
  // Asked for when it is needed: the pointer may come while the bytes do.
  const digestOf = () => published ?? deps.publishedDigest?.(model, version);
  const fetched = await fetchVersion(deps, { model, version, background }, digestOf);
  if (!fetched.ok) return fetched;
  const { manifest, bytes } = fetched.value;
  const { digest, signature } = manifest;
  const thing = { model, version, digest, signature };
  const signed = await applySignaturePolicy(deps.signatures, thing);
  if (!signed.ok) return signed;
  const session = await (openWithin?.(bytes.bytes) ??
    openWithRoom(deps, bytes.bytes, manifest.peak_memory_bytes));
  if (!session.ok) return session;
  const { bytesCache } = deps;
  if (bytesCache !== undefined && bytes.from !== "bytes-cache") {
    background.keep(keepBytes(bytesCache, manifest, bytes));
  }
  const still = wholeOf({ manifest: ok(manifest), bytes: ok(bytes) }, digestOf());
  if (still.ok) return keep(deps, startedMs, fetched.value, session.value);
  await session.value.release();
  return still;
}

/** From the first store, or, when that does not give it whole, from the second. */
async function fetchVersion(
  deps: LoadDeps,
  request: Omit<SpareRequest, "published">,
  digestOf: () => string | undefined,
): Promise<Result<FetchedVersion, FetchFailure>> {
  const { backupStore } = deps;
  const { model, version } = request;
  if (backupStore === undefined) {
    return wholeOf(await tryFetch(deps, model, version, BYTES_DEADLINE_MS), digestOf());
  }
  const attempt = await tryFetch(deps, model, version, FIRST_BYTES_DEADLINE_MS);
  const published = digestOf();
  const fetched = wholeOf(attempt, published);
  if (fetched.ok || fetched.failure.reason === "model_too_large") return fetched;
  // Not imported but when a version is in trouble: a cold start loads what it needs.
  const { fetchSpare } = await import("./backup/fetch-spare.ts");
  const spare = await fetchSpare({ ...deps, backupStore }, attempt, {
    ...request,
    published,
  });
  return spare === undefined ? fetched : ok(spare);
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

async function keep(
  deps: LoadDeps,
  startedMs: number,
  { manifest, bytes: { etag, from } }: FetchedVersion,
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
    from,
    sizeBytes: manifest.size_bytes,
    memoryBytes,
    durationMs: now - startedMs,
  });
  return ok(loaded);
}
