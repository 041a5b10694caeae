import { modelBytesKey } from "../model/keys.ts";
import type { Manifest } from "../model/manifest.ts";
import { fail, ok, type Result } from "../model/result.ts";
import type { Engine } from "../ports/engine.ts";
import type { ObjectStore, StoredObject } from "../ports/object-store.ts";
import { readManifest } from "./read-manifest.ts";

/** Why a store did not give a version whole. */
export interface FetchFailure {
  readonly reason:
    | "version_not_found"
    | "invalid_manifest"
    | "bytes_missing"
    | "digest_mismatch"
    | "model_too_large"
    | "store_unavailable";
  readonly detail: string;
  readonly cause?: unknown;
}

/** A version whose bytes have the digest of its manifest. */
export interface FetchedVersion {
  readonly manifest: Manifest;
  readonly bytes: StoredObject;
}

/** What one store answered for each part of a version. */
export interface FetchAttempt {
  readonly manifest: Result<Manifest, FetchFailure>;
  readonly bytes: Result<StoredObject, FetchFailure>;
}

/** The engine's peak while loading, as a multiple of the file (measured: docs/decisions/0003). */
const LOAD_PEAK_FACTOR = 3.1;

/** The largest file, in bytes, whose load fits into the engine's memory. */
export const maxFileBytes = ({ engine }: { readonly engine: Engine }): number =>
  Math.floor(engine.memory().limitBytes / LOAD_PEAK_FACTOR);

/** Asks one store for manifest and bytes together: a cold start waits for one round trip, not two. */
export async function tryFetch(
  deps: { readonly store: ObjectStore; readonly engine: Engine },
  model: string,
  version: string,
  bytesDeadlineMs: number,
): Promise<FetchAttempt> {
  const [manifest, bytes] = await Promise.all([
    readManifest(deps.store, model, version),
    fetchBytes(deps, model, version, bytesDeadlineMs),
  ]);
  return { manifest, bytes };
}

/** Takes an attempt for what it is: a whole version, or why it is none. */
export function wholeOf({ manifest, bytes }: FetchAttempt): Result<FetchedVersion, FetchFailure> {
  if (!manifest.ok) return manifest;
  if (!bytes.ok) return bytes;
  if (bytes.value.sha256 !== manifest.value.digest) return mismatch(manifest.value, bytes.value);
  return ok({ manifest: manifest.value, bytes: bytes.value });
}

async function fetchBytes(
  deps: { readonly store: ObjectStore; readonly engine: Engine },
  model: string,
  version: string,
  deadlineMs: number,
): Promise<Result<StoredObject, FetchFailure>> {
  const maxBytes = maxFileBytes(deps);
  const got = await deps.store.get(modelBytesKey(model, version), {
    deadlineMs,
    maxBytes,
    sha256: true,
  });
  if (got.ok) return got;
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
    detail: `model.onnx is ${bytes.byteLength} bytes with SHA-256 ${sha256}, the manifest says ${manifest.size_bytes} bytes and ${manifest.digest}: the object was changed or damaged`,
  });
