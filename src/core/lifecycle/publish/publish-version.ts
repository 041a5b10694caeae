import type { Deployment } from "../../model/deployment.ts";
import { manifestKey } from "../../model/keys.ts";
import type { Manifest } from "../../model/manifest.ts";
import type { Draft } from "../../model/manifest-draft.ts";
import { PRODUCTION } from "../../model/reference.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { Bytes } from "../../model/tensor.ts";
import type { StoreFailure } from "../../ports/object-store.ts";
import { routeOf } from "../../routing/resolve.ts";
import { checkAgainstServed } from "../pointer/check-route.ts";
import { currentDeployment } from "../pointer/current-deployment.ts";
import {
  type Mover,
  movePointer,
  type PlanMove,
  type PointerDeps,
} from "../pointer/move-pointer.ts";
import { planSet } from "../pointer/set-alias.ts";
import { MAX_DOCUMENT_BYTES } from "../read-document.ts";
import { readManifest } from "../read-manifest.ts";
import type { RegistryFailure } from "../registry-failure.ts";
import { applySignaturePolicy, type SignatureRules } from "../signature/apply-policy.ts";
import type { SignatureFailure } from "../signature/check-signature.ts";
import { removeObjects } from "../versions/delete-version.ts";
import { encodeDocument, writeDocument } from "../write-document.ts";
import { claimVersion } from "./claim-version.ts";
import { type ExamineDeps, type Examined, examineModel } from "./examine-model.ts";
import { findPublished } from "./find-published.ts";
import { makeManifest } from "./make-manifest.ts";

export interface PublishDeps extends PointerDeps, ExamineDeps {
  /** Missing: signatures are not looked at. */
  readonly signatures?: SignatureRules;
}

export interface PublishRequest {
  readonly model: string;
  readonly bytes: Bytes;
  /** SHA-256 of `bytes`, lower-case hex. */
  readonly digest: string;
  readonly draft: Draft;
  /** Moved to the version afterwards. */
  readonly alias?: string | undefined;
  readonly force: boolean;
}

export interface Published {
  /** False: these bytes were a version already, and its number is answered. */
  readonly created: boolean;
  readonly manifest: Manifest;
  /** The store's validator of the bytes. */
  readonly etag: string;
  readonly deployment: Deployment;
}

/**
 * Makes bytes a version: tries them in the engine, then writes bytes, manifest and pointer in
 * this order, so that whoever dies in between leaves nothing that is served, and the next try
 * goes on from there. Idempotent by digest: bytes that are a version already are not tried
 * again. The first version of a model takes `production`.
 */
export async function publishVersion(
  deps: PublishDeps,
  request: PublishRequest,
  mover: Mover,
): Promise<Result<Published, RegistryFailure>> {
  const { model, digest, draft } = request;
  const signed = await applySignaturePolicy(deps.signatures, {
    model,
    digest,
    signature: draft.signature,
  });
  if (!signed.ok) return signed;
  const known = await publishKnown(deps, request, mover);
  if (!known.ok) return known;
  if (known.value !== undefined) return ok(known.value);
  const examined = await examineModel(deps, request.bytes, request.draft);
  if (!examined.ok) return examined;
  const candidate = manifestOf(deps, request, examined.value, mover, LONGEST_VERSION);
  const readable = checkReadable(candidate);
  if (!readable.ok) return readable;
  const fits = await checkAlias(deps, request, candidate);
  if (!fits.ok) return fits;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const published = await tryPublish(deps, request, examined.value, mover);
    // Somebody deleted the version of these bytes meanwhile: they become a new one.
    if (published.ok || published.failure.reason !== "version_deleted") return published;
  }
  return fail({
    reason: "revision_conflict",
    detail: `the version was deleted ${MAX_TRIES} times while it was published; try again`,
  });
}

const MAX_TRIES = 5;
const LONGEST_VERSION = "9".repeat(16);

const manifestOf = (
  { clock }: PublishDeps,
  { model, bytes, digest, draft }: PublishRequest,
  examined: Examined,
  { actor }: Mover,
  version: string,
): Manifest => {
  const created_at = new Date(clock.now()).toISOString();
  const identity = { name: model, version, digest, size_bytes: bytes.byteLength, created_at };
  return makeManifest(identity, { ...draft, created_by: draft.created_by ?? actor }, examined);
};

/** A version whose manifest nobody can read could never be served: it is refused while it is none. */
function checkReadable(manifest: Manifest): Result<undefined, RegistryFailure> {
  const { byteLength } = encodeDocument(manifest);
  if (byteLength <= MAX_DOCUMENT_BYTES) return ok(undefined);
  return fail({
    reason: "invalid_request",
    detail: `the manifest would take ${byteLength} bytes, ${MAX_DOCUMENT_BYTES} is the most: shorten what was sent with the file, such as its sample, or the file's own metadata`,
  });
}

/** Answers the version that the bytes are already, its alias moved; `undefined` when they are none. */
async function publishKnown(
  deps: PublishDeps,
  request: PublishRequest,
  mover: Mover,
): Promise<Result<Published | undefined, RegistryFailure>> {
  const { model, digest, bytes } = request;
  const found = await findPublished(deps.store, model, digest, bytes.byteLength);
  if (!found.ok || found.value === undefined) return found.ok ? ok(undefined) : found;
  const { manifest, etag } = found.value;
  const signed = await checkStored(deps, manifest);
  if (!signed.ok) return signed;
  const pointed = await point(deps, request, manifest.version, mover);
  if (pointed.ok) return ok({ created: false, manifest, etag, deployment: pointed.value });
  const { reason } = pointed.failure;
  // Deleted meanwhile: then the bytes are a new version.
  return reason === "version_deleted" || reason === "version_not_found" ? ok(undefined) : pointed;
}

/** Whether the alias will take the version: asked before there is one that nobody wanted without it. */
async function checkAlias(
  { store }: PublishDeps,
  { model, alias, force }: PublishRequest,
  candidate: Manifest,
): Promise<Result<undefined, RegistryFailure>> {
  if (alias === undefined || force) return ok(undefined);
  const current = await currentDeployment(store, model);
  if (current.ok) {
    return checkAgainstServed(store, current.value.value, alias, candidate, "this file");
  }
  return current.failure.reason === "model_not_found" ? ok(undefined) : current;
}

async function tryPublish(
  deps: PublishDeps,
  request: PublishRequest,
  examined: Examined,
  mover: Mover,
): Promise<Result<Published, RegistryFailure>> {
  const { model, bytes, digest } = request;
  const current = await currentDeployment(deps.store, model);
  if (!current.ok && current.failure.reason !== "model_not_found") return current;
  const deleted = current.ok ? (current.value.value.deleted ?? []) : [];
  const at = new Date(deps.clock.now()).toISOString();
  const claimed = await claimVersion(deps.store, model, bytes, digest, { at, deleted });
  if (!claimed.ok) return storeFailed(claimed.failure);
  const { version, etag } = claimed.value;
  const manifest = manifestOf(deps, request, examined, mover, version);
  const written = await writeDocument(deps.store, manifestKey(model, version), manifest, "absent");
  if (!written.ok && written.failure.reason !== "precondition_lost") {
    return storeFailed(written.failure);
  }
  const stored = written.ok ? ok(manifest) : await readManifest(deps.store, model, version);
  if (!stored.ok) {
    return stored.failure.reason === "version_not_found" ? isDeleted(model, version) : stored;
  }
  const signed = written.ok ? ok(undefined) : await checkStored(deps, stored.value);
  if (!signed.ok) return signed;
  const pointed = await point(deps, request, version, mover);
  if (!pointed.ok) return afterRefusal(deps, model, version, mover, pointed.failure);
  return ok({ created: written.ok, manifest: stored.value, etag, deployment: pointed.value });
}

/** These bytes are a version already, from before there was a policy perhaps: its manifest stays as it is. */
async function checkStored(
  { signatures }: PublishDeps,
  { name: model, version, digest, signature }: Manifest,
): Promise<Result<undefined, SignatureFailure>> {
  const signed = await applySignaturePolicy(signatures, { model, version, digest, signature });
  if (signed.ok) return signed;
  const { reason, detail } = signed.failure;
  return fail({
    reason,
    detail: `these bytes are version ${version} already, and ${detail}; delete it, then publish again`,
  });
}

/** Tells a deletion meanwhile from other refusals, and takes away what the deletion missed. */
async function afterRefusal(
  deps: PublishDeps,
  model: string,
  version: string,
  mover: Mover,
  failure: RegistryFailure,
): Promise<Result<never, RegistryFailure>> {
  // The manifest was there a moment ago.
  if (failure.reason === "version_not_found") return isDeleted(model, version);
  if (failure.reason !== "version_deleted") return fail(failure);
  const removed = await removeObjects(deps, model, version, mover);
  return removed.ok ? fail(failure) : removed;
}

/** Gives a new model its `production`, and moves the alias that was asked for. */
async function point(
  deps: PublishDeps,
  { model, alias, force }: PublishRequest,
  version: string,
  mover: Mover,
): Promise<Result<Deployment, RegistryFailure>> {
  const route = { weights: { [version]: 100 } };
  const setAlias = (name: string) =>
    movePointer(deps, model, mover, (current) => planSet(deps, current, name, route, force, "set"));
  // The common case first: the model is there.
  const moved = alias === undefined ? undefined : await setAlias(alias);
  if (moved?.ok || (moved !== undefined && moved.failure.reason !== "model_not_found"))
    return moved;
  const maker = { actor: mover.actor, reason: mover.reason };
  const made = await movePointer(deps, model, maker, planFirst(model, version), "where-absent");
  return !made.ok || alias === undefined ? made : setAlias(alias);
}

/** The first pointer of a model; of one whose pointer was lost, what the history tells of it. */
const planFirst =
  (model: string, version: string): PlanMove =>
  async ({ aliases, deleted, last_move: last }, etag) => {
    // Read after the manifest was written: a deletion that this does not see comes after.
    if (deleted?.includes(version)) return isDeleted(model, version);
    if (etag !== undefined) return ok(undefined);
    if (routeOf({ aliases }, PRODUCTION) !== undefined) {
      return ok({ deployment: { aliases }, move: { action: "replace", from: null, to: null } });
    }
    const route = { weights: { [version]: 100 } };
    const from = (last === undefined ? undefined : routeOf(last, PRODUCTION)) ?? null;
    return ok({
      deployment: { aliases: { ...aliases, [PRODUCTION]: route } },
      move: { action: "publish", alias: PRODUCTION, from, to: route },
    });
  };

const isDeleted = (model: string, version: string) =>
  fail({
    reason: "version_deleted",
    detail: `version '${version}' of model '${model}' is deleted`,
  });

function storeFailed({ reason, detail, cause }: StoreFailure): Result<never, RegistryFailure> {
  if (reason === "precondition_lost") return fail({ reason: "revision_conflict", detail, cause });
  return fail({ reason: "store_unavailable", detail, cause });
}
