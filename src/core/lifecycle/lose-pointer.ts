import { type CatalogEntry, GONE } from "../routing/catalog.ts";
import { isOvertaken, keepOld } from "./keep-old.ts";
import { listsNothing } from "./lists-nothing.ts";
import { readDeployment } from "./read-deployment.ts";
import type { RefreshDeps, RefreshOutcome } from "./refresh-deps.ts";

/** The store says that there is no pointer: taken at its word, unless the whole bucket is gone. */
export async function losePointer(
  deps: RefreshDeps,
  entry: CatalogEntry,
  detail: string,
): Promise<RefreshOutcome> {
  const { store, catalog, clock, events } = deps;
  const { model, rev } = entry.deployment;
  if (await isBackedUp(deps, model)) return keepOld(deps, entry, { reason: GONE, detail });
  const nothing = await listsNothing(store);
  if (isOvertaken(deps, entry)) return "overtaken";
  if (!nothing.ok) return keepOld(deps, entry, nothing.failure);
  if (nothing.value) return keepOld(deps, entry, { reason: "bucket_empty", detail: EMPTY });
  catalog.forget(model);
  const why = `its deployment.json is gone from the bucket; revision ${rev} was the last one here`;
  catalog.setLost(model, { reason: GONE, detail: why }, clock.now());
  events.emit({ kind: "deployment_gone", model, rev, detail });
  return "removed";
}

const EMPTY =
  "the bucket lists no model at all: rather another bucket or prefix than everything deleted";

/** A pointer that the backup has was lost and not removed: nothing of Freshet removes one. */
async function isBackedUp({ backupStore }: RefreshDeps, model: string): Promise<boolean> {
  if (backupStore === undefined) return false;
  const spare = await readDeployment(backupStore, model);
  return spare.ok || spare.failure.reason !== "absent";
}
