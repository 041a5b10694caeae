import type { Deployment } from "../../model/deployment.ts";
import { manifestKey, notesKey } from "../../model/keys.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import { readAllBundles } from "../bundle/list-bundles.ts";
import { bundlesNaming } from "../bundle/named-versions.ts";
import { type Mover, movePointer, type PointerDeps } from "../pointer/move-pointer.ts";
import { bury } from "../publish/claim-version.ts";
import { readManifest } from "../read-manifest.ts";
import type { RegistryFailure } from "../registry-failure.ts";
import { aliasesOf } from "./describe-version.ts";

const DELETE_DEADLINE_MS = 10_000;

/**
 * Deletes a version that no alias, no bundle and no premium strategy of its model names. The pointer decides, by compare-and-swap: once it
 * says deleted, no move can name the version any more; then its objects go, the bytes last,
 * and a tombstone keeps its number taken. Idempotent: what a dead caller began is finished.
 */
export async function deleteVersion(
  deps: PointerDeps,
  model: string,
  version: string,
  mover: Mover,
): Promise<Result<undefined, RegistryFailure>> {
  const moved = await movePointer(deps, model, mover, async (deployment) => {
    if (deployment.deleted?.includes(version)) return ok(undefined);
    const bundles = await readAllBundles(deps.store);
    if (!bundles.ok) return bundles;
    const users = [
      ...aliasesOf(deployment, version),
      ...bundlesNaming(bundles.value, deployment, version).map((name) => `bundle '${name}'`),
      ...(isPremium(deployment, version) ? ["the premium strategy"] : []),
    ];
    if (users.length > 0) {
      return fail({
        reason: "version_in_use",
        detail: `version '${version}' of model '${model}' is named by ${users.join(", ")}: move them first`,
      });
    }
    const manifest = await readManifest(deps.store, model, version);
    if (!manifest.ok && manifest.failure.reason !== "invalid_manifest") return manifest;
    const deleted = [...(deployment.deleted ?? []), version];
    return ok({
      deployment: { aliases: deployment.aliases, deleted },
      move: { action: "delete", from: null, to: null, version },
    });
  });
  if (!moved.ok) return moved;
  return removeObjects(deps, model, version, mover);
}

/** Its own model's strategy asks it by its number. */
function isPremium({ model, strategies }: Deployment, version: string): boolean {
  const premium = strategies?.premium;
  return premium?.kind === "model" && premium.reference === `${model}@${version}`;
}

/** Removes what a version that the pointer says is deleted has left. Idempotent; four calls. */
export async function removeObjects(
  { store, clock }: PointerDeps,
  model: string,
  version: string,
  { actor, reason = "" }: Mover,
): Promise<Result<undefined, RegistryFailure>> {
  const options = { deadlineMs: DELETE_DEADLINE_MS };
  const at = new Date(clock.now()).toISOString();
  // The manifest first: without it there is no version, whatever else remains.
  const steps = [
    () => store.delete(manifestKey(model, version), options),
    () => store.delete(notesKey(model, version), options),
    () => bury(store, model, version, { at, actor, reason }),
  ];
  for (const step of steps) {
    const done = await step();
    if (done.ok) continue;
    const { detail, cause } = done.failure;
    return fail({ reason: "store_unavailable", detail, cause });
  }
  return ok(undefined);
}
