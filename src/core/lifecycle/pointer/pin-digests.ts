import type { Deployment } from "../../model/deployment.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { readManifest } from "../read-manifest.ts";
import { namedVersions } from "./check-route.ts";

/** Some 14 KiB of a pointer: each check of freshness that finds a new one reads it. */
const MAX_PINS = 200;

/**
 * What the pointer is to say that versions are: the digests it has, and those of versions that
 * routes newly name, by their manifests. The first one stands. A manifest that cannot be read now
 * is pinned by a later move. One GET for each version that is new, none begun for others.
 */
export async function pinDigests(
  store: ObjectStore,
  current: Deployment,
  { aliases, deleted = current.deleted }: Pick<Deployment, "aliases" | "deleted">,
): Promise<Pick<Deployment, "digests">> {
  const pinned = { ...current.digests };
  const routed = [...new Set(Object.values(aliases).flatMap(namedVersions))];
  for (const version of routed.filter((one) => !Object.hasOwn(pinned, one))) {
    const manifest = await readManifest(store, current.model, version);
    if (manifest.ok) pinned[version] = manifest.value.digest;
  }
  const isRouted = (version: string) => (routed.includes(version) ? 1 : 0);
  const kept = Object.entries(pinned)
    .filter(([version]) => deleted?.includes(version) !== true)
    .sort(([a], [b]) => isRouted(b) - isRouted(a) || Number(b) - Number(a))
    .slice(0, MAX_PINS);
  return kept.length === 0 ? {} : { digests: Object.fromEntries(kept) };
}
