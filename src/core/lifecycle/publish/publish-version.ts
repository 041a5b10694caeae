import type { Deployment } from "../../model/deployment.ts";
import { manifestKey } from "../../model/keys.ts";
import type { Draft, Manifest } from "../../model/manifest.ts";
import { PRODUCTION } from "../../model/reference.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { Bytes } from "../../model/tensor.ts";
import type { StoreFailure } from "../../ports/object-store.ts";
import { type Mover, movePointer, type PointerDeps } from "../pointer/move-pointer.ts";
import { setAlias } from "../pointer/set-alias.ts";
import { readDeployment } from "../read-deployment.ts";
import { readManifest } from "../read-manifest.ts";
import type { RegistryFailure } from "../registry-failure.ts";
import { writeDocument } from "../write-document.ts";
import { type Claimed, claimVersion } from "./claim-version.ts";
import { type ExamineDeps, type Examined, examineModel } from "./examine-model.ts";
import { makeManifest } from "./make-manifest.ts";

export interface PublishDeps extends PointerDeps, ExamineDeps {}

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
 * goes on from there. Idempotent by digest. The first version of a model takes `production`.
 */
export async function publishVersion(
  deps: PublishDeps,
  request: PublishRequest,
  mover: Mover,
): Promise<Result<Published, RegistryFailure>> {
  const examined = await examineModel(deps, request.bytes, request.draft);
  if (!examined.ok) return examined;
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

async function tryPublish(
  deps: PublishDeps,
  request: PublishRequest,
  examined: Examined,
  mover: Mover,
): Promise<Result<Published, RegistryFailure>> {
  const { model, bytes, digest, draft } = request;
  const deployment = await readDeployment(deps.store, model);
  const deleted = deployment.ok ? (deployment.value.value.deleted ?? []) : [];
  const at = new Date(deps.clock.now()).toISOString();
  const claimed = await claimVersion(deps.store, model, bytes, digest, { at, deleted });
  if (!claimed.ok) return storeFailed(claimed.failure);
  const { version, etag } = claimed.value;
  const manifest = makeManifest(
    { name: model, version, digest, size_bytes: bytes.byteLength, created_at: at },
    { ...draft, created_by: draft.created_by ?? mover.actor },
    examined,
  );
  const written = await writeDocument(deps.store, manifestKey(model, version), manifest, "absent");
  if (!written.ok && written.failure.reason !== "precondition_lost") {
    return storeFailed(written.failure);
  }
  const stored = written.ok ? ok(manifest) : await readManifest(deps.store, model, version);
  if (!stored.ok) {
    return stored.failure.reason === "version_not_found" ? isDeleted(model, version) : stored;
  }
  const pointed = await point(deps, request, claimed.value, mover);
  if (!pointed.ok) return pointed;
  return ok({ created: written.ok, manifest: stored.value, etag, deployment: pointed.value });
}

/** Gives a new model its `production`, then moves the alias that was asked for. */
async function point(
  deps: PublishDeps,
  { model, alias, force }: PublishRequest,
  { version }: Claimed,
  mover: Mover,
): Promise<Result<Deployment, RegistryFailure>> {
  const route = { weights: { [version]: 100 } };
  const first = await movePointer(
    deps,
    model,
    mover,
    async (deployment) => {
      // Read after the manifest was written: a deletion that this does not see comes after.
      if (deployment.deleted?.includes(version)) return isDeleted(model, version);
      if (deployment.rev > 0) return ok(undefined);
      return ok({
        deployment: { aliases: { [PRODUCTION]: route } },
        move: { action: "publish", alias: PRODUCTION, from: null, to: route },
      });
    },
    true,
  );
  if (!first.ok || alias === undefined) return first;
  const moved = await setAlias(deps, model, { alias, route, force }, mover);
  if (!moved.ok) return moved;
  return ok({
    ...first.value,
    rev: moved.value.rev,
    aliases: { ...first.value.aliases, [alias]: route },
  });
}

const isDeleted = (model: string, version: string) =>
  fail({
    reason: "version_deleted",
    detail: `version '${version}' of model '${model}' is deleted`,
  });

function storeFailed({ reason, detail, cause }: StoreFailure): Result<never, RegistryFailure> {
  if (reason === "precondition_lost") return fail({ reason: "revision_conflict", detail, cause });
  return fail({ reason: "store_unavailable", detail, cause });
}
