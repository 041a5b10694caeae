import type { LoadedVersion } from "../core/cache/model-cache.ts";
import type { FlightContext } from "../core/cache/single-flight.ts";
import type { WarmedLine } from "../core/lifecycle/cron/tick-report.ts";
import type { LoadFailure } from "../core/lifecycle/load-version.ts";
import { checkSample } from "../core/lifecycle/publish/check-sample.ts";
import { fail, ok, type Result } from "../core/model/result.ts";
import { reportReason } from "./report-reason.ts";
import { openInSpareRoom, type SpareRoomDeps, takeSpareRoom, whyCrowdedOut } from "./spare-room.ts";
import type { TickDeps } from "./tick-deps.ts";
import { findWarmTargets, targetName, type WarmTarget } from "./warm-targets.ts";

export interface Warmed {
  readonly lines: readonly WarmedLine[];
  /** `model@version` to go on with; missing when all are done. */
  readonly next: string | undefined;
}

/**
 * Loads what is to be warm in this isolate, one after the other, and runs each one's sample.
 * A load fills the data centre's cache of bytes, too; other isolates are not reached. Begins
 * with `from`; nothing is begun after `endMs`. What was used since the last time, and what is to
 * be warm and is loaded, is not pushed out for it: what finds no room beside that is told.
 */
export async function warmVersions(
  deps: TickDeps,
  context: FlightContext,
  from: string | undefined,
  endMs: number,
): Promise<Warmed> {
  deps.models.beginRound();
  const { targets, none } = await findWarmTargets(deps, context, endMs);
  const names = new Set(targets.map(targetName));
  for (const name of deps.cron.needs.keys()) if (!names.has(name)) deps.cron.needs.delete(name);
  const room: SpareRoomDeps = { ...deps, isKept: (loaded) => names.has(targetName(loaded)) };
  const lines: WarmedLine[] = none.map((wrong) => ({ ...wrong, ok: false, duration_ms: 0 }));
  for (const target of beginningWith(targets, from)) {
    if (deps.clock.now() >= endMs) return { lines, next: targetName(target) };
    lines.push(await warmOne(deps, context, room, target));
  }
  return { lines, next: undefined };
}

/** All of them, from one on and round: one that is gone stands for the next one. */
function beginningWith(
  targets: readonly WarmTarget[],
  from: string | undefined,
): readonly WarmTarget[] {
  const start = from === undefined ? 0 : targets.findIndex((target) => targetName(target) >= from);
  return start <= 0 ? targets : [...targets.slice(start), ...targets.slice(0, start)];
}

async function warmOne(
  deps: TickDeps,
  context: FlightContext,
  room: SpareRoomDeps,
  target: WarmTarget,
): Promise<WarmedLine> {
  const { models, clock } = deps;
  const { model, version } = target;
  const startedMs = clock.now();
  const finish = (failure?: { readonly reason: string; readonly detail: string }): WarmedLine => {
    const base = { model, version, duration_ms: clock.now() - startedMs };
    if (failure === undefined) return { ...base, ok: true };
    return { ...base, ok: false, ...reportReason(failure.reason, failure.detail) };
  };
  const ready = models.get(model, version);
  const outcome = ready === undefined ? await loadInRoom(deps, context, room, target) : ok(ready);
  if (!outcome.ok) return finish(outcome.failure);
  const loaded = outcome.value;
  const ran = await models.use(loaded, (session) => checkSample(session, loaded.manifest.sample));
  return ran === undefined || ran.ok ? finish() : finish(ran.failure);
}

/** What is known to need more than there is now costs nothing. */
async function loadInRoom(
  { loader, cron }: TickDeps,
  context: FlightContext,
  room: SpareRoomDeps,
  target: WarmTarget,
): Promise<Result<LoadedVersion, LoadFailure>> {
  const name = targetName(target);
  const needBytes = cron.needs.get(name);
  if (needBytes !== undefined && !takeSpareRoom(room, needBytes)) {
    return fail({ reason: "crowded_out", detail: whyCrowdedOut(room, needBytes) });
  }
  const openWithin = openInSpareRoom(room, (bytes) => cron.needs.set(name, bytes));
  return (await loader.load(context, target.model, target.version, { openWithin })).value;
}
