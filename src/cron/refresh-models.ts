import type { FlightContext } from "../core/cache/single-flight.ts";
import type { TickCursor } from "../core/lifecycle/cron/cron-state.ts";
import type { RefreshedReport } from "../core/lifecycle/cron/tick-report.ts";
import { announcePointer, mendCounters } from "../core/lifecycle/freshness/announce.ts";
import {
  differingPointers,
  POINTERS_PER_CALL,
} from "../core/lifecycle/freshness/differing-pointers.ts";
import { isFollowed } from "../core/lifecycle/freshness/settings.ts";
import { refreshDeployment } from "../core/lifecycle/refresh-deployment.ts";
import { modelsPrefix } from "../core/model/keys.ts";
import { isModelName } from "../core/model/reference.ts";
import { reportReason } from "./report-reason.ts";
import type { TickDeps } from "./tick-deps.ts";

type ModelsCursor = TickCursor["models"];

/** How many models of the bucket's list one tick looks at: one LIST. */
const LISTED_PER_TICK = 100;
const LIST_DEADLINE_MS = 5_000;

/** Pointers asked for at once: Workers wait for the headers of six connections. */
const PARALLEL = 4;

const REDIS_DEADLINE_MS = 1_000;
const MAX_FAILED = 50;

/** What this tick has done so far. */
interface Tally {
  readonly checked: Set<string>;
  changed: number;
  kept: number;
  announced: number;
  readonly failed: RefreshedReport["failed"];
}

/**
 * Reads the pointers of models that this isolate has not seen, a page of the bucket's list each
 * time, then confirms the known ones, the longest unconfirmed first; and tells Redis of
 * pointers that moved behind its back. One GET a model, none begun after `endMs`.
 * @returns what was done, and where the list goes on
 */
export async function refreshModels(
  deps: TickDeps,
  context: FlightContext,
  cursor: ModelsCursor,
  endMs: number,
): Promise<{ readonly report: RefreshedReport; readonly next: ModelsCursor }> {
  const tally: Tally = { checked: new Set(), changed: 0, kept: 0, announced: 0, failed: [] };
  const next = await discover(deps, context, cursor, endMs, tally);
  const known = deps.catalog
    .byAge()
    .filter((model) => !tally.checked.has(model) && isToBeChecked(deps, model));
  await inTime(deps, known, endMs, (model) => confirm(deps, context, model, tally));
  await announceMoved(deps, endMs, tally);
  const { checked, changed, kept, announced, failed } = tally;
  const report = { checked: checked.size, changed, kept, announced, failed };
  return { report: { ...report, failed: failed.slice(0, MAX_FAILED) }, next };
}

/** CHECK_FRESHNESS, or the deployment's own word, holds for the cron as for requests. */
function isToBeChecked({ catalog, freshness }: TickDeps, model: string): boolean {
  return isFollowed(freshness, catalog.get(model)?.deployment);
}

/** A fresh isolate knows no model: what the bucket has is learnt page by page. */
async function discover(
  deps: TickDeps,
  context: FlightContext,
  cursor: ModelsCursor,
  endMs: number,
  tally: Tally,
): Promise<ModelsCursor> {
  const page = await deps.store.list(modelsPrefix, {
    deadlineMs: LIST_DEADLINE_MS,
    delimiter: "/",
    limit: LISTED_PER_TICK,
    ...(cursor === undefined ? {} : { cursor: cursor.token }),
  });
  if (!page.ok) {
    tally.failed.push({ model: "*", ...reportReason(page.failure.reason, page.failure.detail) });
    // It may be the cursor that is no good any more: the next tick begins anew.
    return undefined;
  }
  const { prefixes, nextCursor } = page.value;
  const names = prefixes.map((folder) => folder.slice(modelsPrefix.length, -1)).filter(isModelName);
  const unseen = names.filter((model) => deps.catalog.get(model) === undefined);
  const isDone = await inTime(deps, unseen, endMs, (model) => look(deps, context, model, tally));
  if (!isDone) return cursor;
  const after = names.at(-1) ?? cursor?.after ?? "";
  return nextCursor === undefined ? undefined : { token: nextCursor, after };
}

async function look(
  deps: TickDeps,
  context: FlightContext,
  model: string,
  tally: Tally,
): Promise<void> {
  const found = await deps.finder.find(context, model);
  const lost = deps.catalog.lost(model);
  // A folder that never had a pointer is a publish that has not come so far.
  if (!found.ok && found.failure.reason === "model_not_found" && lost === undefined) return;
  tally.checked.add(model);
  tellWrong(tally, model, found.ok ? found.value.degraded : (lost ?? found.failure));
}

async function confirm(
  deps: TickDeps,
  context: FlightContext,
  model: string,
  tally: Tally,
): Promise<void> {
  const outcome = await refreshDeployment(deps, context, model);
  tally.checked.add(model);
  if (outcome === "changed" || outcome === "removed") tally.changed += 1;
  if (outcome === "removed") tellWrong(tally, model, deps.catalog.lost(model));
  if (outcome !== "kept") return;
  tally.kept += 1;
  tellWrong(tally, model, deps.catalog.get(model)?.degraded);
}

function tellWrong(
  { failed }: Tally,
  model: string,
  wrong: { readonly reason: string; readonly detail: string } | undefined,
): void {
  if (wrong !== undefined) failed.push({ model, ...reportReason(wrong.reason, wrong.detail) });
}

/** What a publisher wrote past Freshet, or could not announce, other isolates learn from Redis only so. */
async function announceMoved(deps: TickDeps, endMs: number, tally: Tally): Promise<void> {
  const { sharedCache, catalog, store, clock } = deps;
  if (sharedCache === undefined) return;
  await mendCounters(sharedCache, REDIS_DEADLINE_MS);
  const models = [...tally.checked];
  for (let start = 0; start < models.length; start += POINTERS_PER_CALL) {
    if (clock.now() >= endMs) return;
    const some = models.slice(start, start + POINTERS_PER_CALL);
    const moved = await differingPointers({ sharedCache, catalog }, some, REDIS_DEADLINE_MS);
    if (!moved.ok) return;
    await inTime(deps, moved.value, endMs, async (model) => {
      const told = await announcePointer({ store, sharedCache }, model);
      if (told === "announced") tally.announced += 1;
    });
  }
}

/** Does `work` for each, a few at once, and begins none after `endMs`; true when all are done. */
async function inTime<T>(
  { clock }: TickDeps,
  items: readonly T[],
  endMs: number,
  work: (item: T) => Promise<void>,
): Promise<boolean> {
  for (let start = 0; start < items.length; start += PARALLEL) {
    if (clock.now() >= endMs) return false;
    await Promise.all(items.slice(start, start + PARALLEL).map(work));
  }
  return true;
}
