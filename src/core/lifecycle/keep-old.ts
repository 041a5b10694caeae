import type { CatalogEntry, Degraded } from "../routing/catalog.ts";
import type { RefreshDeps, RefreshOutcome } from "./refresh-deps.ts";

/** Goes on with what was known. Told once for each reason and pointer: a check comes every few seconds. */
export function keepOld(
  deps: RefreshDeps,
  entry: CatalogEntry,
  { reason, detail, pointerEtag }: Omit<Degraded, "sinceMs">,
): RefreshOutcome {
  const { model } = entry.deployment;
  const { degraded: last } = entry;
  const now = deps.clock.now();
  const degraded = { reason, detail, pointerEtag, sinceMs: last?.sinceMs ?? now };
  deps.catalog.set(model, { ...entry, triedAtMs: now, degraded });
  if (last?.reason !== reason || last.pointerEtag !== pointerEtag) {
    deps.events.emit({ kind: "deployment_kept", model, reason, detail });
  }
  return "kept";
}

/** A request's check and the cron's may overlap, and a slow store lets the older one answer last. */
export const isOvertaken = (
  { catalog }: RefreshDeps,
  { deployment, etag }: CatalogEntry,
): boolean => catalog.get(deployment.model)?.etag !== etag;
